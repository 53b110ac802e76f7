#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/qemu.sh LIBAXONCORE LINK
#
# Builds QEMU with the axon device in it and makes LINK point at the binary. The tree lives in
# the cache, keyed by what configures it, so that a change of the device compiles one file; the
# binaries beside it are keyed by the device's source too, so that two checkouts do not fight.

. mk/lib.sh

major=10
core=$1 link=$2
glue=qemu-device/qemu
device_files=(qemu-device/axon_pci.c qemu-device/core/axon_core.h uapi/*.h)

for file in "${device_files[@]}" "$core"; do
	[ -f "$file" ] || die "$file not found: QEMU is built with the device in it"
done

configure_opts=(--target-list=x86_64-softmmu --without-default-features --without-default-devices
	--with-devices-x86_64=axon --disable-install-blobs --disable-download --disable-docs
	--disable-debug-info --enable-fdt=system --enable-tcg --enable-kvm --enable-virtfs
	--enable-attr --enable-system --disable-werror)
tree_key=$(key "$major" "$glue/Kconfig" "$glue/meson.build" "$glue/axon.mak" \
	"${configure_opts[*]}")
tree=$cache/qemu/$tree_key
bin=$cache/qemu/bin/$(key "$tree_key" "${device_files[@]}")

# Fetch and unpack the source into $tree, put the device's glue in, configure.
prepare_tree() {
	local tmp=$tree.new version meson_wheel
	need_disk "$cache" 2500 "the QEMU build"
	rm -rf "$tmp"
	mkdir -p "$tmp"
	say "fetching QEMU $major from Debian trixie's source"
	private_apt trixie-source "deb-src trixie"
	version=$(apt-cache "${apt_opts[@]}" showsrc qemu | sed -n "s/^Version: \(.*:$major\..*\)/\1/p" |
		sort -V | tail -n1)
	[ -n "$version" ] || die "expected a QEMU $major in Debian trixie's source, found none"
	(cd "$tmp" && apt-get "${apt_opts[@]}" source --download-only --only-source \
		"qemu=$version" >apt.log 2>&1) || die "cannot fetch QEMU $version: $(tail -n1 "$tmp/apt.log")"
	dpkg-source --no-check -x "$tmp"/qemu_*.dsc "$tmp/src" >/dev/null

	mkdir -p "$tmp/src/hw/axon"
	cp "$glue/Kconfig" "$glue/meson.build" "$tmp/src/hw/axon/"
	cp "$glue/axon.mak" "$tmp/src/configs/devices/x86_64-softmmu/axon.mak"
	printf '\nsource axon/Kconfig\n' >>"$tmp/src/hw/Kconfig"
	printf "\nsubdir('axon')\n" >>"$tmp/src/hw/meson.build"

	# QEMU wants a newer meson than Debian 12's and takes the wheel that lies there.
	meson_wheel=$(sed -n 's/^meson = .*installed = "\([^"]*\)".*/meson==\1/p' "$tmp/src/pythondeps.toml")
	/usr/bin/python3 -m pip download -q --no-deps -d "$tmp/src/python/wheels" "$meson_wheel" ||
		die "cannot fetch $meson_wheel with pip: is the Python package index reachable?"
	sync_device "$tmp/src"
	rm -rf "$tree"
	mv "$tmp" "$tree"

	say "configuring QEMU $(cat "$tree/src/VERSION")"
	mkdir "$tree/build"
	(cd "$tree/build" && ../src/configure --python=/usr/bin/python3 "${configure_opts[@]}" \
		>configure.log 2>&1) || {
		tail -n 20 "$tree/build/configure.log" >&2
		die "QEMU's configure failed; see $tree/build/configure.log"
	}
	touch "$tree/ready"
}

# Bring the device's files in $1 up to date, touching only what differs.
sync_device() {
	local f dst
	for f in "${device_files[@]}"; do
		dst=$1/hw/axon/$f
		mkdir -p "${dst%/*}"
		cmp -s "$f" "$dst" || cp "$f" "$dst"
	done
	mkdir -p "$1/hw/axon/lib"
	cp "$core" "$1/hw/axon/lib/libaxoncore.so"
}

if [ ! -x "$bin/qemu-system-x86_64" ]; then
	lock qemu
	[ -e "$tree/ready" ] || prepare_tree
	sync_device "$tree/src"
	say "building QEMU with the axon device (log: $tree/build/ninja.log)"
	(cd "$tree/build" && ninja -j "${JOBS:-$(nproc)}" qemu-system-x86_64 2>&1 | tee ninja.log |
		awk '/^\[/ { n++; if (n % 100 == 1) { print "    " $1; fflush() } }' >&2
		exit "${PIPESTATUS[0]}") || {
		grep -A8 -E 'error:|undefined reference|FAILED' "$tree/build/ninja.log" | head -n 40 >&2
		die "QEMU did not build; see $tree/build/ninja.log"
	}
	mkdir -p "$bin"
	strip -o "$bin/qemu.new" "$tree/build/qemu-system-x86_64"
	mv "$bin/qemu.new" "$bin/qemu-system-x86_64"
fi
mkdir -p "${link%/*}"
ln -sfn "$bin/qemu-system-x86_64" "$link"
