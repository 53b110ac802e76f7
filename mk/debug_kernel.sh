#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/debug_kernel.sh STOCK LINK
#
# Builds Debian's source of the kernel in STOCK (mk/kernel.sh) with mk/debug.config into the cache
# and makes LINK point there, laid out as STOCK is. Of the 3 GiB that the build takes, what boots and
# what a module is built against is kept.

. mk/lib.sh

config=$PWD/mk/debug.config
stock=$1 link=$2
release=$(cat "$stock/release")
root=$cache/kernel/debug-$(key mk/debug_kernel.sh "$config" "$release")
log=$cache/kernel/debug.log

# Fetch and unpack the source of the same version into $1/src; without it, the newest of the series.
fetch_source() {
	local series version
	series=$(cut -d. -f1,2 <<<"$release")
	say "fetching the source of Linux ${release%%+*} from Debian's bookworm-security"
	private_apt kernel "deb bookworm" "deb -security bookworm-security"
	version=$(apt-cache "${apt_opts[@]}" madison "linux-source-$series" | awk '{ print $3 }')
	[ -n "$version" ] || die "expected linux-source-$series in bookworm-security, found none"
	version=$(grep -m1 -F "${release%%+*}-" <<<"$version" || head -n1 <<<"$version")
	(cd "$1" && apt-get "${apt_opts[@]}" download "linux-source-$series=$version" >apt.log 2>&1) ||
		die "cannot fetch linux-source-$series $version: $(tail -n1 "$1/apt.log")"
	dpkg-deb -x "$1"/*.deb "$1"
	mkdir "$1/src"
	tar -xf "$1/usr/src/linux-source-$series.tar.xz" -C "$1/src" --strip-components=1 \
		--exclude='*/Documentation/[a-z]*' --exclude='*/drivers/gpu/drm/amd/include/*' \
		--exclude='*.dts' --exclude='*.dtsi'
	rm -r "$1"/*.deb "$1/usr"
}

# The DRM helpers have no menu entry, for only a driver of the tree can select them: make one.
add_helpers() {
	cat >>"$1/drivers/accel/Kconfig" <<-'END'

	config DRM_AXON_HELPERS
		bool "The DRM helpers that axon.ko uses"
		depends on DRM_ACCEL
		select DRM_BUDDY
		select DRM_EXEC
		select DRM_GEM_SHMEM_HELPER
		select DRM_GPUVM
		select DRM_SCHED
		select DRM_TTM
		select DRM_TTM_HELPER
		select HMM_MIRROR
		select MMU_NOTIFIER
	END
}

configure() {
	local line missing=
	make -C "$1" KCONFIG_ALLCONFIG="$config" allnoconfig >>"$log" 2>&1 ||
		die "the debug kernel's configuration failed; see $log"
	while read -r line; do
		grep -qxF "$line" "$1/.config" || missing+=" $line"
	done < <(grep '^CONFIG_' "$config")
	[ -z "$missing" ] || die "mk/debug.config asks for what this kernel does not grant:$missing"
}

compile() {
	say "building the debug kernel (log: $log)"
	# Not with the jobs of the make that called this: they are for its own targets.
	env -u MAKEFLAGS nice -n 2 make -C "$1" -j"${JOBS:-$(nproc)}" all 2>&1 | tee -a "$log" |
		awk '/^  (CC|AS|LD|AR) / { if (++n % 250 == 0) { print "    " n " files"; fflush() } }' >&2 || {
		grep -B2 -A8 -E 'error:|undefined reference|\*\*\*' "$log" | head -n 40 >&2
		die "the debug kernel did not build; see $log"
	}
}

# Take what is kept from the tree in $1/src to $1 and remove the tree.
keep() {
	local src=$1/src built
	built=$(make -s -C "$src" kernelrelease)
	cp "$src/arch/x86/boot/bzImage" "$1/vmlinuz"
	cp "$src/System.map" "$1/System.map"
	make -s -C "$src" run-command \
		KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $1/headers" >>"$log" 2>&1 ||
		die "cannot take the headers out of the debug kernel's tree; see $log"
	printf '%s\n' "$built" >"$1/release"
	mkdir -p "$1/lib/modules/$built"
	ln -s "lib/modules/$built" "$1/modules"
	cp "$src"/modules.{order,builtin,builtin.modinfo} "$1/modules/"
	/sbin/depmod -b "$1" "$built" || die "depmod failed in $1"
	rm -r "$src"
}

build_kernel() {
	local tmp=$root.new
	need_disk "$cache" 4000 "the debug kernel's build"
	rm -rf "$tmp"
	mkdir -p "$tmp"
	: >"$log"
	fetch_source "$tmp"
	add_helpers "$tmp/src"
	configure "$tmp/src"
	compile "$tmp/src"
	keep "$tmp"
	rm -rf "$root"
	mv "$tmp" "$root"
	touch "$root/ready"
}

if [ ! -e "$root/ready" ]; then
	lock debug-kernel
	[ -e "$root/ready" ] || build_kernel
fi
mkdir -p "${link%/*}"
ln -sfn "$root" "$link"
