#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/guest/memory.sh [TOOLS/VM-OPTION]...
#
# Description: working sets larger than device memory give right results, on a device with 64 MiB.
# Runs on the host; boots one VM for all programs.

cd "$(dirname "$0")/../.."
output=$(tools/vm --vram 64M --timeout 280 "$@" -- tests/guest/run 200 \
	build/tests/guest/memory/evict </dev/null)
status=$?
echo "$output"
[ "$status" = 0 ] && awk '$1 == "@@" && $3 != 0 && $3 != 77 { bad = 1 } END { exit bad }' <<<"$output"
