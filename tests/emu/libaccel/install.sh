#!/bin/sh
# SPDX-License-Identifier: MIT
# Description: what `make install` puts down is enough to build and run the example, every public
# function has a manual page, and the C in docs/kernels.md compiles.
set -eu

build=$(cd "$(dirname "$0")/../../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
case $build in
*/san) echo "a sanitised build is not for installing"; exit 77 ;;
esac
if ! make --no-print-directory -s PREFIX="$dir" install >"$dir/log" 2>&1; then
	cat "$dir/log"
	exit 1
fi

# nothing of this tree is used from here on
cp -r examples/vector_add docs "$dir"
exported=$(sed -n 's/^	\(accel_[a-z_]*\);$/\1/p' libaccel/libaccel.map)
cd "$dir/vector_add"
make -s PKG_CONFIG_PATH="$dir/lib/pkgconfig" AXON_CC="$dir/bin/axon-cc"
LD_LIBRARY_PATH=$dir/lib/axon/emu ./vector_add

status=0
for name in $exported; do
	page=$dir/share/man/man3/$name.3
	if read -r request target 2>/dev/null <"$page" && [ "$request" = .so ]; then
		page=$dir/share/man/$target
	fi
	grep -q "[ *]$name(" "$page" 2>/dev/null || { echo "$name: expected a manual page with its synopsis"; status=1; }
done

# the kernels of the tutorial, each with the arguments it talks of
awk '/^```c$/ { p = 1; n++; next } /^```$/ { p = 0 } p { print > "doc" n ".c" }' ../docs/kernels.md
for file in doc*.c; do
	grep -q AXON_KERNEL "$file" || continue
	[ "$file" = doc1.c ] || sed -i '1i #include <stdint.h>\nstruct exp_args { uint64_t x, y; };' "$file"
	"$dir/bin/axon-cc" -Werror -o doc.elf "$file" || status=1
done
[ -f doc.elf ] || { echo "expected kernels in docs/kernels.md, found none"; status=1; }
exit $status
