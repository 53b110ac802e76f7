#!/bin/bash
# SPDX-License-Identifier: MIT
# Description: a machine that is not as it should be gets one clear line, a non-zero status and no
# kernel warning. Runs on the host; boots a VM per case.

cd "$(dirname "$0")/../.."
model=$(mk/fetch_model.py gemma3-270m-q4_k_m) || exit 1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

# expect NAME OUTPUT-REGEX TOOLS/VM-ARGUMENT...: one line of its own on standard error, status 1-122.
expect() {
	local name=$1 pattern=$2 found lines
	shift 2
	tools/vm --timeout 120 "$@" </dev/null >"$scratch/out" 2>"$scratch/err"
	found=$?
	sed -i '/^tools\/vm: the command returned/d' "$scratch/err"
	lines=$(wc -l <"$scratch/err")
	if [ "$found" -gt 0 ] && [ "$found" -lt 123 ] && [ "$lines" = 1 ] &&
		grep -qP "$pattern" "$scratch/err"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf '%s: expected one line like /%s/ and a failure, found status %s and:\n' \
		"$name" "$pattern" "$found"
	tail -n 5 "$scratch/out" "$scratch/err"
}

run=(build/accel-run -m "$model" -p Hello -n 4)
expect "no module" 'axon\.ko|module' --no-module -- "${run[@]}"
expect "no device" 'a VM that has the device' --no-device -- "${run[@]}"
expect "no permission" 'may not be opened .*60-axon\.rules' -- \
	setpriv --reuid 65534 --regid 65534 --clear-groups build/accel-smi
expect "a model larger than device memory" 'MiB.*--vram' --vram 128M -- "${run[@]}"

# The cache on a full disk: refused before anything is written.
mkdir "$scratch/full"
if mount -t tmpfs -o size=1M tmpfs "$scratch/full" 2>/dev/null; then
	for script in "mk/fetch_model.py gemma3-270m-q4_k_m" "mk/qemu.sh build/libaxoncore.so $scratch/qemu" \
		"mk/kernel.sh $scratch/kernel"; do
		if XDG_CACHE_HOME=$scratch/full $script >"$scratch/out" 2>&1 ||
			! grep -qE 'needs [0-9]+ MiB free .*, found [0-9]+' "$scratch/out"; then
			failed=$((failed + 1))
			echo "$script on a full disk: expected a refusal, found:"
			tail -n 5 "$scratch/out"
		else
			passed=$((passed + 1))
		fi
	done
	umount "$scratch/full"
fi
echo "[  PASSED  ] $passed test(s)."
echo "[  FAILED  ] $failed test(s)."
[ "$failed" = 0 ]
