#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/kernel.sh LINK
#
# Unpacks Debian's newest 6.12 kernel and the headers to build a module for it into the cache
# (nothing is installed) and makes LINK point there:
#   LINK/release  LINK/vmlinuz  LINK/System.map  LINK/modules/  LINK/headers/

. mk/lib.sh

series=6.12
link=$1
root=$cache/kernel/$series-$(key mk/kernel.sh)

fetch_kernel() {
	local tmp=$root.new image release deb
	need_disk "$cache" 1500 "the kernel"
	rm -rf "$tmp"
	mkdir -p "$tmp/debs"
	say "fetching Linux $series and its headers from Debian's bookworm-security"
	private_apt kernel "deb bookworm" "deb -security bookworm-security"
	image=$(apt-cache "${apt_opts[@]}" depends "linux-image-$series-amd64" |
		sed -n 's/.*Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n1)
	[ -n "$image" ] || die "expected linux-image-$series-amd64 in bookworm-security, found none"
	release=${image#linux-image-}
	(cd "$tmp/debs" && apt-get "${apt_opts[@]}" download "$image" "linux-headers-$release" \
		"linux-headers-${release%-amd64}-common" "linux-kbuild-${release%-amd64}" \
		>../apt.log 2>&1) || die "cannot fetch $image: $(tail -n1 "$tmp/apt.log")"
	for deb in "$tmp"/debs/*.deb; do
		dpkg-deb -x "$deb" "$tmp"
	done
	rm -r "$tmp/debs"

	# The headers name each other by absolute path; here they live elsewhere.
	grep -rlE --include=Makefile --include=.kernelvariables '/usr/(src|lib)/linux-' "$tmp/usr/src" |
		xargs -r sed -i -E "s|/usr/(src\|lib)/linux-|$root/usr/\1/linux-|g"

	printf '%s\n' "$release" >"$tmp/release"
	ln -s "boot/vmlinuz-$release" "$tmp/vmlinuz"
	ln -s "boot/System.map-$release" "$tmp/System.map"
	[ -d "$tmp/lib/modules" ] || ln -s usr/lib "$tmp/lib"
	ln -s "lib/modules/$release" "$tmp/modules"
	ln -s "usr/src/linux-headers-$release" "$tmp/headers"
	find "$tmp/modules/" -name '*.ko.xz' -print0 | xargs -0 -r -P2 -n 64 xz -d
	sed -i 's/\.ko\.xz/.ko/g' "$tmp/modules/modules.order" 2>/dev/null || true
	/sbin/depmod -b "$tmp" "$release" || die "depmod failed in $tmp"
	rm -rf "$root"
	mv "$tmp" "$root"
	touch "$root/ready"
}

if [ ! -e "$root/ready" ]; then
	lock kernel
	[ -e "$root/ready" ] || fetch_kernel
fi
mkdir -p "${link%/*}"
ln -sfn "$root" "$link"
