#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/checkpatch.sh
#
# Prints the path of the kernel's checkpatch.pl, taken once out of Debian's linux-source package.

. mk/lib.sh

dir=$cache/checkpatch/$(key mk/checkpatch.sh)
if [ ! -e "$dir/checkpatch.pl" ]; then
	lock checkpatch
	need_disk "$cache" 400 "checkpatch.pl"
	tmp=$(mktemp -d "$cache/checkpatch.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	say "fetching checkpatch.pl from Debian's linux-source-6.12"
	private_apt kernel "deb bookworm" "deb -security bookworm-security"
	(cd "$tmp" && apt-get "${apt_opts[@]}" download linux-source-6.12 >apt.log 2>&1) ||
		die "cannot fetch linux-source-6.12: $(tail -n1 "$tmp/apt.log")"
	dpkg-deb --fsys-tarfile "$tmp"/linux-source-*.deb |
		tar -xO ./usr/src/linux-source-6.12.tar.xz | xz -dc |
		tar -x -C "$tmp" --strip-components=2 --wildcards '*/scripts/checkpatch.pl' \
			'*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch'
	mkdir -p "$dir"
	mv "$tmp/spelling.txt" "$tmp/const_structs.checkpatch" "$tmp/checkpatch.pl" "$dir/"
fi
echo "$dir/checkpatch.pl"
