#!/bin/bash
# SPDX-License-Identifier: MIT
# Each source file says its licence first, and it is the one of its folder.
. "${0%/*}/lib.sh"

while read -r file; do
	case $file in
	driver/* | tests/kunit/*) want='GPL-2.0' ;;
	qemu-device/axon_pci.c | qemu-device/qemu/*) want='GPL-2.0-or-later' ;;
	uapi/*.h) want='(GPL-2.0 WITH Linux-syscall-note) OR MIT' ;;
	*) want='MIT' ;;
	esac
	found=$(head -n 2 "$file" | sed -nE 's/.*SPDX-License-Identifier: (.*[^ */]).*/\1/p' | head -n 1)
	[ "${found% \*/}" = "$want" ] ||
		fault "$file: expected SPDX-License-Identifier: $want, found ${found:-none}"
done < <(files '*.c' '*.h' '*.S' '*.ld' '*.py' '*.sh' '*.mk' '*.mak' '*Kbuild' '*Kconfig' \
	'*Makefile' '*meson.build' '.clang-format')
finish
