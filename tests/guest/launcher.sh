#!/bin/bash
# SPDX-License-Identifier: MIT
# Description: tools/vm runs one command as the host would, and tells every way it can go wrong.
# Runs on the host; boots a VM per case.

cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

# expect NAME STATUS OUTPUT-REGEX TOOLS/VM-ARGUMENT...: standard input is passed on.
expect() {
	local name=$1 status=$2 pattern=$3 found
	shift 3
	tools/vm --timeout 60 "$@" >"$scratch/out" 2>&1
	found=$?
	if [ "$found" = "$status" ] && grep -qzP "$pattern" "$scratch/out"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf '%s: expected status %s and output like %s, found %s and:\n' \
		"$name" "$status" "$pattern" "$found"
	tail -n 5 "$scratch/out"
}

export AXON_TEST=yes
plain=(--no-device --no-module)
expect "the command's status and both outputs" 3 '^out\nerr\n' "${plain[@]}" -- \
	bash -c 'echo out; sleep 0.5; echo err >&2; exit 3' </dev/null
expect "standard input, also by its path" 0 '^one\ntwo\n$' "${plain[@]}" -- \
	sh -c 'read -r x; echo "$x"; cat /dev/stdin' < <(echo one; sleep 0.1; echo two)
expect "the working directory and the environment" 0 "^$PWD\nyes\n\$" "${plain[@]}" -- \
	sh -c 'pwd; echo $AXON_TEST' </dev/null
expect "the root is read-only, /tmp private, the directory writable" 0 '^ok\n$' "${plain[@]}" -- \
	sh -c '! touch /etc/axon-test 2>/dev/null && touch /tmp/x && touch build/vm/x && rm build/vm/x && echo ok' \
	</dev/null
expect "a kernel warning fails the run" 123 'the kernel complained: .*WARNING: of a test' \
	"${plain[@]}" -- sh -c 'echo "WARNING: of a test" >/dev/kmsg' </dev/null
expect "a kernel panic fails the run" 123 'the kernel complained: .*Kernel panic' \
	"${plain[@]}" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 60' </dev/null
expect "a time-out kills the VM" 124 'did not end in 12 s' "${plain[@]}" --timeout 12 -- \
	sleep 100 </dev/null
expect "a program that is not there" 125 "no program 'no-such-program'" -- no-such-program </dev/null
expect "a VRAM size that is no power of two" 125 'expected --vram to be a power of two' \
	--vram 3G -- true </dev/null

# A large file by virtio-blk: the same bytes, neither a multiple of a block nor of a chunk.
head -c 20000003 /dev/urandom >"$scratch/large"
sum=$(sha256sum <"$scratch/large")
expect "a large file comes as a block device" 0 "^${sum%% *}.*\n20000003 .*\nerofs\n\$" \
	"${plain[@]}" --disk "$scratch/large" -- sh -c "sha256sum <'$scratch/large'
	stat -c '%s .' '$scratch/large'; findmnt -n -o FSTYPE '$scratch/large'" </dev/null

left=$(pgrep -fc "qemu-system-x86_64.*$PWD/build/initramfs.cpio")
[ "$left" = 0 ] || {
	failed=$((failed + 1))
	echo "expected no QEMU to be left, found $left"
}
echo "[  PASSED  ] $passed test(s)."
echo "[  FAILED  ] $failed test(s)."
[ "$failed" = 0 ]
