#!/bin/bash
# SPDX-License-Identifier: MIT
# Every register of uapi/axon_hw.h stands in docs/hardware.md with its offset.
. "${0%/*}/lib.sh"

while read -r name offset; do
	grep -qE "^\| $offset \| $name " docs/hardware.md ||
		fault "docs/hardware.md: expected a row '| $offset | $name' for AXON_REG_$name, found none"
done < <(sed -nE 's/^#define AXON_REG_([A-Z0-9_]+)\s+(0x[0-9a-f]+).*/\1 \2/p' uapi/axon_hw.h)
finish
