#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: mk/venv.sh
#
# Prints the Python interpreter of an environment in the cache that has the packages of mk/venv.txt,
# which it sets up when it is not there. Nothing is installed outside the cache.

. mk/lib.sh

interpreter=$(/usr/bin/python3 -c 'import sys; print(sys.version)')
venv=$cache/venv/$(key mk/venv.txt "$interpreter")

if [ ! -e "$venv/ready" ]; then
	need_disk "$cache" 400 "the tests' Python packages"
	lock venv
fi
if [ ! -e "$venv/ready" ]; then
	say "fetching Python packages: $(sed '/^#/d' mk/venv.txt | tr '\n' ' ')"
	rm -rf "$venv"
	mkdir -p "$cache/venv"
	{
		/usr/bin/python3 -m venv "$venv" &&
			"$venv/bin/pip" --disable-pip-version-check install --no-deps -r mk/venv.txt
	} >"$cache/venv/log" 2>&1 </dev/null ||
		die "pip could not fetch the packages of mk/venv.txt; see $cache/venv/log"
	touch "$venv/ready"
fi
printf '%s\n' "$venv/bin/python"
