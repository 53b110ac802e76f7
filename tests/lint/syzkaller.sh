#!/bin/bash
# SPDX-License-Identifier: MIT
# The syzkaller descriptions name every ioctl, and every field of what goes into one, in the order of
# uapi/axon_accel.h; what a QUERY answers is bytes to it.
. "${0%/*}/lib.sh"

header=uapi/axon_accel.h
text=tests/fuzz/syzkaller/dev_accel_axon.txt

for ioctl in $(grep -oP '^#define \KDRM_IOCTL_AXON_\w+' $header); do
	grep -q "^ioctl\$$ioctl(" $text || fault "$text: expected an ioctl\$$ioctl, found none"
done
for flag in $(grep -oP '^#define \KDRM_AXON_(VM|SYNC|BIND|BO|QUEUE|WAIT)_\w+(?=\s+\(1u <<)' $header); do
	grep -qw "$flag" $text || fault "$text: expected $flag among the flags, found it nowhere"
done
# NAME: its fields, one a line
c_fields() {
	sed -n "/^struct $1 {/,/^};/p" $header | sed 's|/\*.*||' |
		grep -oP '^\t[^;]*\b\K\w+(?=(\[\d+\])?;)'
}
syz_fields() {
	sed -n "/^$1 {/,/^}/p" $text | grep -oP '^\t\K\w+'
}
for name in $(grep -oP '^struct \Kdrm_axon_\w+' $header |
	grep -vE '^drm_axon_(query_.*|array)$'); do
	[ "$(c_fields "$name")" = "$(syz_fields "$name")" ] ||
		fault "$text: expected of $name the fields" $(c_fields "$name") "; found" $(syz_fields "$name")
done
for name in ops syncs calls; do
	[ "$(c_fields drm_axon_array)" = "$(syz_fields drm_axon_array_$name)" ] ||
		fault "$text: expected of drm_axon_array_$name the fields of drm_axon_array"
done
finish
