#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs the Debian packages of mk/packages.txt that are missing, saying which ones first.

. mk/lib.sh

mapfile -t wanted < <(sed 's/#.*//; s/[[:space:]]*$//; /^$/d' mk/packages.txt | sort -u)
missing=()
for package in "${wanted[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
		missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

. /etc/os-release
[ "${ID:-}" = debian ] && [ "${VERSION_ID:-0}" -ge 12 ] ||
	die "expected Debian 12 or newer, found ${PRETTY_NAME:-an unknown system}:" \
		"install these yourself: ${missing[*]}"
say "installing with apt-get: ${missing[*]}"
root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || die "expected root or sudo to install: ${missing[*]}"
	root=(sudo)
fi
need_disk "$cache" 1500 "the packages"
export DEBIAN_FRONTEND=noninteractive
log=$cache/packages.log
{
	"${root[@]}" apt-get -q update &&
		"${root[@]}" apt-get -q install -y --no-install-recommends "${missing[@]}"
} </dev/null >"$log" 2>&1 || {
	grep -E '^E:' "$log" >&2 || tail -n 5 "$log" >&2
	die "apt-get could not install: ${missing[*]}; see $log"
}
