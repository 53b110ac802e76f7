#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/initramfs.sh KERNEL LINK
#
# Packs the VM's first files: a static busybox, tools/vm.d/init and the modules that lead to the
# host's files. Uncompressed, since unpacking under emulation costs more than reading.

. mk/lib.sh

kernel=$1 link=$2
wanted=(9pnet_virtio 9p virtio_blk erofs)
busybox=/bin/busybox
image=$cache/initramfs/$(key "$(readlink -f "$kernel")" "$busybox" tools/vm.d/init "$0").cpio

if [ ! -e "$image" ]; then
	lock initramfs
	need_disk "$cache" 50 "the initramfs"
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	mkdir -p "$dir"/{bin,dev,proc,sys,newroot,modules} "${image%/*}"
	cp "$busybox" "$dir/bin/busybox"
	cp tools/vm.d/init "$dir/init"
	: >"$dir/modules/order" # stays empty where the kernel has them built in
	for module in "${wanted[@]}"; do
		/sbin/modprobe -d "$(readlink -f "$kernel")" -S "$(cat "$kernel/release")" \
			--show-depends "$module" || die "module $module is not in $kernel"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
		cp "$path" "$dir/modules/"
		echo "${path##*/}" >>"$dir/modules/order"
	done
	(cd "$dir" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$image.new"
	mv "$image.new" "$image"
fi
mkdir -p "${link%/*}"
ln -sfn "$image" "$link"
