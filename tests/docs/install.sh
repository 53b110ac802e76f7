#!/bin/bash
# SPDX-License-Identifier: MIT
# Description: what `make install DESTDIR=` puts down is enough to build the examples and run them, is
# of one version, has a page for every tool and function, builds the driver, and goes away again.
set -eu
cd "$(dirname "$0")/../.."

root=$PWD version=$(cat VERSION)
dest=$(mktemp -d)
trap 'rm -rf "$dest"' EXIT
status=0
fault() {
	echo "$*"
	status=1
}

# quiet COMMAND...: what it says is shown when it fails.
quiet() {
	"$@" >"$dest.log" 2>&1 || { cat "$dest.log"; fault "$*: failed"; }
	rm -f "$dest.log"
}

quiet make --no-print-directory -s DESTDIR="$dest" PREFIX=/usr install
[ $status = 0 ] || exit 1

# Nothing of this tree is used from here on but the kernel's headers.
export PKG_CONFIG_PATH=$dest/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest
export LD_LIBRARY_PATH=$dest/usr/lib/axon/emu
[ "$(pkg-config --modversion accel)" = "$version" ] || fault "accel.pc: expected version $version"
cp -r "$dest/usr/share/doc/axon/examples" "$dest/work"
cp libaccel/libaccel.map "$dest/work"
cd "$dest/work"
for example in */; do
	quiet make -s -C "$example" AXON_CC="$dest/usr/bin/axon-cc"
done
found=$(vector_add/vector_add vector_add/vector_add.elf)
# the sum of 3·i for i below 100000
[ "$found" = "100000 sums right, $((3 * 99999 * 100000 / 2)) in all" ] ||
	fault "vector_add: expected the sums, found '$found'"

for tool in "$dest"/usr/bin/*; do
	name=${tool##*/}
	found=$("$tool" --version)
	[ "$found" = "$name $version" ] || fault "expected '$name $version', found '$found'"
	[ -f "$dest/usr/share/man/man1/$name.1" ] || fault "$name: expected a manual page"
done
# Built to be found beside the tools, not here.
env -u LD_LIBRARY_PATH ldd "$dest/usr/bin/accel-smi" | grep -q "$dest/usr/bin/../lib/libaccel.so.1" ||
	fault "accel-smi: expected to find ../lib/libaccel.so.1"
for name in $(sed -n 's/^	\(accel_[a-z_]*\);$/\1/p' libaccel.map); do
	page=$dest/usr/share/man/man3/$name.3
	[ -f "$dest/usr/share/man/$(sed -n 's/^\.so //p' "$page")" ] ||
		fault "$name: expected a manual page"
done
for file in lib/axon/kernels/matmul.elf lib/axon/kernels/matmul_args.h lib/udev/rules.d/60-axon.rules \
	share/man/man4/axon.4 share/man/man7/accel.7 "src/axon-$version/dkms.conf"; do
	[ -f "$dest/usr/$file" ] || fault "$file: expected it under PREFIX"
done

# The kernels that docs/kernels.md shows, each with the arguments it talks of.
awk '/^```c$/ { p = 1; n++; next } /^```$/ { p = 0 } p { print > "doc" n ".c" }' \
	"$dest/usr/share/doc/axon/kernels.md"
for file in doc*.c; do
	grep -q AXON_KERNEL "$file" || continue
	grep -q 'struct [a-z]*_args {' "$file" ||
		sed -i '1i #include <stdint.h>\nstruct exp_args { uint64_t x, y; };' "$file"
	quiet "$dest/usr/bin/axon-cc" -Werror -o doc.elf "$file"
done
[ -f doc.elf ] || fault "expected kernels in docs/kernels.md, found none"

# The driver, by the command that DKMS would run.
if [ -d "$root/build/kernel/headers" ]; then
	dkms_tree=$dest/dkms kernel_source_dir=$(readlink -f "$root/build/kernel/headers")
	mkdir -p "$dkms_tree/axon/$version"
	cp -r "$dest/usr/src/axon-$version" "$dkms_tree/axon/$version/build"
	# shellcheck disable=SC1091 # which this test has just made
	. "$dkms_tree/axon/$version/build/dkms.conf"
	# shellcheck disable=SC2154,SC2086 # it sets MAKE, and DKMS splits it too
	quiet ${MAKE[0]} CONFIG_DEBUG_INFO_BTF_MODULES= -j2
	[ -f "$dkms_tree/axon/$version/build/axon.ko" ] || fault "dkms.conf: expected it to build axon.ko"
fi

cd "$root"
quiet make --no-print-directory -s DESTDIR="$dest" PREFIX=/usr uninstall
left=$(find "$dest/usr" ! -type d | head -n 5)
[ -z "$left" ] || fault "expected make uninstall to remove everything, found" $left
exit $status
