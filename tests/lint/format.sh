#!/bin/bash
# SPDX-License-Identifier: MIT
# C is laid out as .clang-format says.
. "${0%/*}/lib.sh"

format=$(command -v clang-format-14 || command -v clang-format) ||
	skip "clang-format is not installed"
while read -r file; do
	places=$("$format" "$file" | diff - "$file" | grep -c '^[0-9]') || true
	[ "$places" = 0 ] || fault "$file: $places places differ: run $format -i $file"
done < <(files '*.c' '*.h')
finish
