#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/peer.sh TOOL [OPTION]...
#
# Runs a tool of llama.cpp (llama-bench, llama-perplexity, llama-results, ...), the peer that Axon
# is measured against, as Debian sid builds it: natively, in a root folder of its own in the cache.
# Needs root and mmdebstrap. Files named by absolute path are visible inside. `mk/peer.sh --version`
# only sets it up, and prints the version.

. mk/lib.sh

root=$cache/peers/llama

set_up() {
	[ "$(id -u)" = 0 ] || die "expected root, which setting up llama.cpp needs, found uid $(id -u)"
	command -v mmdebstrap >/dev/null || die "expected mmdebstrap, found none: run 'make deps'"
	lock peer
	[ ! -x "$root/usr/bin/llama-bench" ] || return 0
	need_disk "$cache" 1500 "llama.cpp"
	say "setting up llama.cpp from Debian sid (once)"
	rm -rf "$root" "$root.new"
	mkdir -p "${root%/*}"
	mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=apt \
		--components=main --include=llama.cpp,llama.cpp-tools,llama.cpp-tools-extra,libgomp1 \
		sid "$root.new" "$(mirror)" </dev/null >"${root%/*}/log" 2>&1 ||
		die "mmdebstrap failed: $(tail -n 1 "${root%/*}/log")"
	mv "$root.new" "$root"
}

[ $# -gt 0 ] || die "expected a tool of llama.cpp, found none; usage: mk/peer.sh TOOL [OPTION]..."
[ -x "$root/usr/bin/llama-bench" ] || set_up
if [ "$1" = --version ]; then
	dpkg-query --admindir="$root/var/lib/dpkg" -W llama.cpp
	exit
fi
[ -x "$root/usr/bin/$1" ] || die "expected a tool of llama.cpp, found no $root/usr/bin/$1"

# A mount namespace of its own, so that nothing stays mounted. The host's folders appear in it, but
# for those that make the root what it is.
exec 9>&- unshare --mount bash -c '
	set -e
	root=$1
	shift
	for dir in /* /var/tmp; do
		case $dir in
		/bin | /boot | /etc | /lib* | /sbin | /usr | /var) continue ;;
		esac
		[ -d "$dir" ] && [ ! -L "$dir" ] || continue
		mkdir -p "$root$dir"
		mount --rbind "$dir" "$root$dir"
	done
	exec chroot "$root" "$@"' _ "$root" "$@"
