#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver is clean under sparse.
. "${0%/*}/lib.sh"

command -v sparse >/dev/null || skip "sparse is not installed"
[ -e driver/Kbuild ] && [ -e build/kernel/release ] || skip "no driver or kernel: run 'make module'"
mkdir -p build/lint
log=build/lint/sparse.log
mk/module.sh build/kernel build/lint C=2 CHECK="sparse -Wno-unknown-attribute" >"$log" 2>&1 || {
	tail -n 20 "$log"
	exit 1
}
while read -r line; do
	fault "$line"
done < <(grep -E "/build/lint/driver/[^:]*:[0-9]+:.*(warning|error):" "$log" || true)
finish
