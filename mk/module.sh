#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/module.sh KERNEL OUT [MAKE-ARGUMENT]...
#
# Builds driver/ against the headers in KERNEL, in OUT/driver through links, so that the source
# stays clean, and leaves OUT/axon.ko.

. mk/lib.sh

kernel=$1 out=$2
shift 2
[ -e driver/Kbuild ] || die "driver/Kbuild not found: the driver's source is not here"
dir=$PWD/$out/driver
mkdir -p "$dir"
find "$dir" -type l ! -exec test -e {} \; -delete
for file in driver/*; do
	ln -sfn "$PWD/$file" "$dir/${file##*/}"
done
# Type data for BPF would need pahole and serves nobody here.
make -s -C "$(readlink -f "$kernel/headers")" M="$dir" AXON_UAPI="$PWD/uapi" \
	CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules
# The debug information stays with $dir/axon.ko: the VM loads less through 9p.
[ "$out/axon.ko" -nt "$dir/axon.ko" ] || strip --strip-debug -o "$out/axon.ko" "$dir/axon.ko"
