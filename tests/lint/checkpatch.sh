#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver and its suites please the kernel's own checkpatch.pl, in its strict mode.
. "${0%/*}/lib.sh"

checkpatch=$(mk/checkpatch.sh)
mapfile -t sources < <(files 'driver/*.[ch]' 'tests/kunit/*.[ch]')
[ ${#sources[@]} = 0 ] || perl "$checkpatch" --no-tree --strict --terse --no-summary \
	--max-line-length=100 --show-types --ignore FILE_PATH_CHANGES,SPDX_LICENSE_TAG -f "${sources[@]}"
