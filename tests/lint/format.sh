#!/bin/bash
# SPDX-License-Identifier: MIT
# C is laid out as .clang-format says.
. "${0%/*}/lib.sh"

format=$(command -v clang-format-14 || command -v clang-format) ||
	skip "clang-format is not installed"
mapfile -t sources < <(files '*.c' '*.h')
[ ${#sources[@]} -gt 0 ] || exit 0
while read -r places file; do
	fault "$file: $places places differ: run 'make format'"
done < <("$format" --dry-run "${sources[@]}" 2>&1 |
	sed -n 's/^\([^: ]*\):[0-9]*:[0-9]*: warning: .*/\1/p' | uniq -c)
finish
