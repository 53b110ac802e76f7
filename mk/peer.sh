#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/peer.sh TOOL [ARGUMENT]...
#
# Runs a tool of llama.cpp (llama-bench, llama-perplexity, llama-tokenize, ...), the peer that Axon
# is measured against, as Debian builds it: in a root folder of its own in the cache, natively.
# Needs root and mmdebstrap. Files named by absolute path are visible inside.

. mk/lib.sh

root=$cache/peer/llama
if [ ! -x "$root/usr/bin/llama-bench" ]; then
	[ "$(id -u)" = 0 ] || die "expected to be root, which setting up llama.cpp needs"
	command -v mmdebstrap >/dev/null || die "expected mmdebstrap: apt-get install mmdebstrap"
	lock peer
	need_disk "$cache" 1500 "llama.cpp"
	say "setting up llama.cpp from Debian sid (once)"
	rm -rf "$root"
	mkdir -p "${root%/*}"
	mmdebstrap --quiet --aptopt='Acquire::Check-Valid-Until "false"' --variant=apt --components=main \
		--include=llama.cpp,llama.cpp-tools,llama.cpp-tools-extra,libgomp1 sid "$root" "$(mirror)" \
		>"$cache/peer/log" 2>&1 || die "mmdebstrap failed: $(tail -n 1 "$cache/peer/log")"
fi

# A mount namespace of its own, so that nothing stays mounted.
exec unshare --mount bash -c '
	root=$1
	shift
	for dir in proc sys dev; do mount --rbind "/$dir" "$root/$dir"; done
	for dir in home root tmp var/tmp mnt opt srv src; do
		[ -d "/$dir" ] || continue
		mkdir -p "$root/$dir"
		mount --rbind "/$dir" "$root/$dir"
	done
	exec chroot "$root" "$@"' _ "$root" "$@"
