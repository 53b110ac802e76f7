#!/bin/bash
# SPDX-License-Identifier: MIT
# docs/hardware.md has a row for each packet, condition, fault, DMA operation and vector instruction
# of uapi/, with its number where it has one. (registers.sh looks at the registers.)
. "${0%/*}/lib.sh"

doc=docs/hardware.md
# enumerators NAME FILE: those of an enum, in order
enumerators() {
	sed -n "/^enum $1 {/,/^}/p" "$2" | grep -oE 'AXON_[A-Z]+_[A-Z_]+' | grep -v COUNT
}
expect() { # what regex
	grep -qE "$2" "$doc" || fault "$doc: expected $1"
}

n=0
for name in $(enumerators axon_packet_op uapi/axon_hw.h); do
	expect "a row for the packet ${name#AXON_PKT_}" "^\| $n \| ${name#AXON_PKT_} \|"
	n=$((n + 1))
done
n=0
for name in $(enumerators axon_cond uapi/axon_hw.h); do
	expect "the condition $n ${name#AXON_COND_}" "Conditions.*\b$n ${name#AXON_COND_}\b"
	n=$((n + 1))
done
for name in $(enumerators axon_dma_op uapi/axon_isa.h); do
	expect "a row for the DMA operation ${name#AXON_DMA_}" "^\|.*\b${name#AXON_DMA_}\b"
done
while read -r name number; do
	expect "the fault $number $name" "^\|[^|]*\b$number\b.*\b$name\b"
done < <(sed -n '/define AXON_FAULT_LIST/,/^$/p' uapi/axon_hw.h | grep -oE 'X\([A-Z_]+, [0-9]+' |
	sed 's/X(//; s/,//')
# "number NAME" for each name of rows such as | 8–11 | ADD, SUB, MUL, DIV |
vector=$(awk -F' *[|] *' '/^## 9/ { on = 1 } /^## 10/ { on = 0 }
	on && $2 ~ /^[0-9]/ { n = $2 + 0; count = split($3, names, ", ")
		for (i = 1; i <= count; i++) print n + i - 1, names[i] }' "$doc")
n=0
for name in $(sed -n '/define AXON_V_LIST/,/^$/p' uapi/axon_isa.h | grep -oE 'X\([A-Z0-9_]+, [0-9]' |
	sed 's/X(//; s/,.*//'); do
	grep -qx "$n $name" <<<"$vector" || fault "$doc: expected the vector instruction $n $name"
	n=$((n + 1))
done
finish
