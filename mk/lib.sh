# SPDX-License-Identifier: MIT
# Shared by the scripts in mk/: the cache, its lock, the disk check and a private apt.
# Source it from bash, with the project's root as working directory.

set -euo pipefail

# The cache of downloads and builds; everything in it can be made again.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/axon

# say MESSAGE...: progress, on standard error.
say() { printf '==> %s\n' "$*" >&2; }

# die MESSAGE...: one clear line, and out.
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# need_disk DIR MIB WHAT: refuse to start what would fill the disk half-way.
need_disk() {
	local free
	mkdir -p "$1" 2>/dev/null || die "cannot create $1: set XDG_CACHE_HOME to a writable folder"
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] || die "$3 needs $2 MiB free in $1, found $free MiB:" \
		"free some space or set XDG_CACHE_HOME to a larger disk"
}

# lock NAME: one builder at a time; held until the script ends.
lock() {
	mkdir -p "$cache" 2>/dev/null ||
		die "cannot create $cache: set XDG_CACHE_HOME to a writable folder"
	exec 9>"$cache/$1.lock"
	flock -n 9 || {
		say "waiting for another build of $1 to end"
		flock 9
	}
}

# key FILE|WORD...: a short hash of the files' contents and of the words that name no file.
key() {
	local a
	for a in "$@"; do
		if [ -f "$a" ]; then cat "$a"; else printf '%s\n' "$a"; fi
	done | sha256sum | cut -c1-16
}

# The Debian mirror that this machine uses, without a trailing slash.
mirror() {
	local uri
	uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -m1 -E '/debian/?$') || true
	[ -n "$uri" ] || die "expected a Debian mirror among apt's sources, found none; run apt-get update"
	printf '%s\n' "${uri%/}"
}

# private_apt NAME LINE...: an apt of its own (in $apt_opts), leaving /etc/apt alone. Each LINE
# is "deb|deb-src mirror-suffix suite", the suffix being "" or "-security".
private_apt() {
	local dir=$cache/apt/$1 base line
	local signed=/usr/share/keyrings/debian-archive-keyring.gpg
	shift
	base=$(mirror)
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	for line in "$@"; do
		set -- $line
		[ $# = 3 ] || set -- "$1" "" "$2"
		printf '%s [signed-by=%s] %s%s %s main\n' "$1" "$signed" "$base" "$2" "$3"
	done >"$dir/sources.list"
	apt_opts=(-q -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$dir/lists" -o "Dir::Cache::archives=$dir/archives"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root)
	apt-get "${apt_opts[@]}" -o APT::Update::Error-Mode=any update >"$dir/log" 2>&1 ||
		die "apt-get update failed for: $*; see $dir/log"
}
