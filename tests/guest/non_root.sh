#!/bin/bash
# SPDX-License-Identifier: MIT
# Description: with the udev rule in place a user in its group may look at the devices, run a model and
# see others' processes as far as that goes; one who is not in it is told what to do. Runs in the VM.

cd "$(dirname "$0")/../.." || exit 1
udevd=/lib/systemd/systemd-udevd
node=/dev/accel/accel0
model=${XDG_CACHE_HOME:-~/.cache}/axon/models/gemma3-270m-q4_k_m.gguf
[ -x "$udevd" ] || {
	echo "expected $udevd, found none: apt install udev"
	exit 77
}
passed=0 failed=0

check() { # NAME COMMAND...
	if "${@:2}"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s: failed; the last output was:\n' "$1"
		tail -n 5 /tmp/out /tmp/err
	fi
}

# as GROUPS COMMAND...: user 1000 with these groups besides its own; /tmp/out and /tmp/err have what it said.
as() {
	setpriv --reuid 1000 --regid 1000 --"$1" --inh-caps=-all --bounding-set=-all \
		env HOME=/tmp "${@:2}" >/tmp/out 2>/tmp/err
}
member() { as groups=render "$@"; }
stranger() { as clear-groups "$@"; }

# The rule where an administrator puts it, and the kernel asked to tell of its devices again.
mkdir -p /run/udev/rules.d
cp tools/60-axon.rules /run/udev/rules.d/
before=$(stat -c '%u:%g %a' $node)
$udevd 2>/tmp/udevd &
daemon=$!
trap 'kill $daemon; chown "${before% *}" $node; chmod "${before#* }" $node; rm -r /run/udev' EXIT
until udevadm control --ping 2>/dev/null; do
	kill -0 $daemon || exit 1
	sleep 0.1
done
udevadm trigger -s accel --action=add && udevadm settle --timeout=30

the_node_belongs_to_the_group() {
	[ "$(stat -c '%U %G %a' $node)" = "root render 660" ]
}

a_member_sees_the_devices() {
	member build/accel-smi list && grep -q 0000: /tmp/out && [ ! -s /tmp/err ] &&
		member build/accel-smi process && grep -q 'hidden from this user' /tmp/out &&
		member build/accel-smi event && member build/accel-smi health &&
		member build/accel-smi dump && grep -q '"registers": null' /tmp/out &&
		member build/accel-smi diag && tail -n 1 /tmp/out | grep -q '^  PASS$'
}

# The model is read through a descriptor: the folder that it lies in may be root's alone.
a_member_runs_a_model() {
	member build/accel-run -m /proc/self/fd/3 -p Hello -n 2 --temp 0 3<"$model" && [ -s /tmp/out ]
}

a_member_finds_its_own_process() {
	member build/accel-bench matmul -s 256x1024x2048 -t int8 -r 1000 &
	local worker=$! found=1 i
	for i in {1..100}; do
		setpriv --reuid 1000 --regid 1000 --groups=render build/accel-smi process \
			--query=name --no-header >/tmp/names && grep -qx accel-bench /tmp/names && {
			found=0
			break
		}
		kill -0 $worker 2>/dev/null || break
	done
	pkill -P $worker
	wait $worker 2>/dev/null
	return $found
}

a_stranger_is_told_what_to_do() {
	stranger build/accel-smi list
	[ $? = 4 ] && [ ! -s /tmp/out ] && [ "$(wc -l </tmp/err)" = 1 ] &&
		grep -q 'may not be opened by this user; install tools/60-axon.rules .* group render' /tmp/err ||
		return 1
	! stranger build/accel-run -m /proc/self/fd/3 -p Hello -n 4 3<"$model" && [ ! -s /tmp/out ] &&
		grep -q '60-axon.rules .* group render' /tmp/err
}

check "the node belongs to the group" the_node_belongs_to_the_group
check "a member sees the devices" a_member_sees_the_devices
check "a member finds its own process" a_member_finds_its_own_process
check "a stranger is told what to do" a_stranger_is_told_what_to_do
if [ -e "$model" ]; then
	check "a member runs a model" a_member_runs_a_model
fi
echo "[  PASSED  ] $passed test(s)."
echo "[  FAILED  ] $failed test(s)."
[ "$failed" = 0 ]
