#!/bin/bash
# SPDX-License-Identifier: MIT
# No struct that two sides share has a hole that the compiler made: each byte has a name, and is thus
# checked or cleared. gcc's -Wpadded sees what pahole would, and sees structs that nobody uses yet.
. "${0%/*}/lib.sh"

mapfile -t headers < <(files 'uapi/*.h' 'kernels/*_args.h')
while read -r line; do
	fault "$line"
done < <(for header in "${headers[@]}"; do
	echo "#include \"$header\""
done | "${CC:-gcc}" -std=gnu11 -I. -Iuapi -Ikernels -isystem /usr/include/libdrm -Wpadded -fsyntax-only \
	-x c - 2>&1 | grep -E '(warning|error):' || true)
finish
