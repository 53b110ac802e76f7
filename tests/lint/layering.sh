#!/bin/bash
# SPDX-License-Identifier: MIT
# Includes point one way: tools, runtime → libaccel → uapi ← driver; qemu-device, kernels → uapi.
# What each folder may include of the others is listed here; its own files are always fine.
. "${0%/*}/lib.sh"

# What the chip is (types, registers) everyone above libaccel may know; what the driver's ioctls
# are (uapi/axon_accel.h), nobody.
chip='uapi/axon_hw.h uapi/axon_isa.h'

allowed() { # folder → the folders it may include from
	case $1 in
	uapi) ;;
	driver | qemu-device) echo uapi ;;
	libaccel) echo uapi qemu-device/core/axon_core.h ;;
	kernels) echo uapi/axon_isa.h ;;
	runtime) echo libaccel/accel.h 'kernels/*_args.h' "$chip" ;;
	tools) echo libaccel/accel.h runtime 'kernels/*_args.h' "$chip" uapi/axon_errors.h ;;
	examples) echo libaccel/accel.h kernels/axon.h ;;
	*) return 1 ;;
	esac
}

# Where "name" or <name> included by $1 lies in the project, if it does.
resolve() {
	local file=$1 name=$2 dir
	for dir in "${file%/*}" uapi libaccel kernels runtime qemu-device/core qemu-device tools; do
		if [ -f "$dir/$name" ]; then
			realpath --relative-to=. "$dir/$name"
			return
		fi
	done
}

while read -r file; do
	folder=${file%%/*}
	allowed "$folder" >/dev/null || continue
	while read -r name; do
		target=$(resolve "$file" "$name")
		[ -n "$target" ] && [ "${target%%/*}" != "$folder" ] || continue
		ok=
		for pattern in $(set -f; allowed "$folder"); do
			# shellcheck disable=SC2254
			case $target in $pattern | $pattern/*) ok=yes ;; esac
		done
		[ -n "$ok" ] || fault "$file: may not include $target"
	done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]([^>"]+)[>"].*/\1/p' "$file")
done < <(files '*.c' '*.h' '*.S')

# The contracts stand alone: nothing but each other, <linux/types.h> and the kernel's drm.h.
while read -r line; do
	fault "$line: uapi may include only <linux/types.h>, drm.h and its own files"
done < <(files 'uapi/*.h' | xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include' |
	grep -vE '<linux/types\.h>|"drm\.h"|<drm/drm\.h>|<drm\.h>|"axon_[a-z]+\.h"' || true)

# The runtime talks to the driver through libaccel alone.
while read -r line; do
	fault "$line: runtime may not call the driver"
done < <(files 'runtime/*.[ch]' | xargs -r grep -nE 'DRM_IOCTL_|<drm/' || true)
finish
