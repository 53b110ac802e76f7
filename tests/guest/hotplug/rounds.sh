#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/guest/hotplug/rounds.sh ROUNDS CLIENT...     (inside the VM; tests/guest/hotplug.py starts it)
#
# In each round all CLIENTs use the device; then whoever reads our output takes it away and, told that
# it is gone, brings it back, and says so.

rounds=$1
shift
export LD_LIBRARY_PATH=$PWD/build
fail() { echo "failed: $*"; exit 1; }

# present yes|no: wait until the device's node is there, or is not.
present() {
	local i
	for ((i = 0; i < 6000; i++)); do
		[ "$1" = "$([ -e /dev/accel/accel0 ] && echo yes || echo no)" ] && return
		sleep 0.1
	done
	fail "expected the node to be there: $1"
}

echo 600000 >/sys/module/axon/parameters/wall_ms
echo 600000 >/sys/module/axon/parameters/hang_ms
for ((round = 1; round <= rounds; round++)); do
	pids=()
	ready=$(mktemp -u)
	mkfifo "$ready"
	for client; do
		"$client" >"$ready" & pids+=($!)
	done
	[ "$(head -n $# "$ready" | sort -u)" = ready ] || fail "the clients did not start"
	echo "pull $round"
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "a client ended with $?"
	done
	rm "$ready"
	present no
	# The port turns power off, and for a second after that takes no note of what is plugged in.
	while [ "$(cat /sys/bus/pci/slots/1/power)" != 0 ]; do sleep 0.1; done
	sleep 2
	build/accel-smi >/tmp/smi 2>&1 && fail "accel-smi found a device: $(cat /tmp/smi)"
	echo "gone $round"
	read -r answer
	[ "$answer" = back ] || fail "told '$answer'"
	present yes
	build/accel-smi >/tmp/smi 2>&1 || fail "accel-smi: $(cat /tmp/smi)"
	build/tests/guest/abi_exec >/tmp/exec 2>&1 || fail "the new device: $(cat /tmp/exec)"
done
exec 3<>/dev/accel/accel0
rmmod axon 2>/tmp/rmmod && fail "the module unloads while the node is open"
grep -q "in use" /tmp/rmmod || fail "$(cat /tmp/rmmod)"
exec 3>&-
rmmod axon || fail "the module does not unload"
echo "done"
