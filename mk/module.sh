#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/module.sh KERNEL OUT [MAKE-ARGUMENT]...
#
# Builds driver/ against the headers in KERNEL, in OUT/driver through links, so that the source
# stays clean, and leaves OUT/axon.ko; where that kernel has KUnit, tests/kunit/ too as
# OUT/axon_test.ko.

. mk/lib.sh

kernel=$1 out=$2
shift 2
[ -e driver/Kbuild ] || die "driver/Kbuild not found: the driver's source is not here"
dir=$PWD/$out/driver
mkdir -p "$dir/kunit"
find "$dir" -type l ! -exec test -e {} \; -delete
ln -sfn "$PWD"/driver/* "$dir/"
ln -sfn "$PWD"/tests/kunit/* "$dir/kunit/"
# Type data for BPF would need pahole and serves nobody here.
make -s -C "$(readlink -f "$kernel/headers")" M="$dir" AXON_UAPI="$PWD/uapi" \
	CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules
# The debug information stays in $dir: the VM loads less through 9p.
while read -r built; do
	module=$out/${built##*/}
	[ "$module" -nt "$built" ] || strip --strip-debug -o "$module" "$built"
done < <(find "$dir" -name '*.ko')
