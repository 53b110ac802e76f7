#!/bin/bash
# SPDX-License-Identifier: MIT
# No source file is longer than a thousand lines.
. "${0%/*}/lib.sh"

while read -r lines file; do
	[ "$lines" -le 1000 ] || fault "$file: expected at most 1000 lines, found $lines"
done < <(files '*.c' '*.h' '*.S' '*.py' '*.sh' '*.mk' Makefile tools/vm tests/run |
	while read -r file; do echo "$(wc -l <"$file") $file"; done)
finish
