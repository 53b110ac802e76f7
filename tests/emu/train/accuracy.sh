#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/emu/train/accuracy.sh        (from the project's root, with everything built; minutes)
#
# Description: accel-train fashion-mnist, as it is without options, recognises at least 90 % of the
# 10,000 images it has not seen.

set -o pipefail
cd "$(dirname "$0")/../../.." || exit 1
[ -d /usr/share/datasets/fashion-mnist ] || {
	echo "skipped: no data set; install dataset-fashion-mnist"
	exit 77
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
LD_LIBRARY_PATH=build/emu build/accel-train fashion-mnist --report 938 | tee "$log" || exit 1
awk '
	/^test accuracy [0-9.]+ %$/ { accuracy = $3; found++ }
	END {
		if (found != 1) { print "expected one accuracy, found " found + 0; exit 1 }
		if (accuracy < 90) { print "expected at least 90 %, found " accuracy; exit 1 }
	}' "$log"
