#!/bin/bash
# SPDX-License-Identifier: MIT
# There is one version: VERSION. The header that is installed, the library's file name and the
# driver repeat it.
. "${0%/*}/lib.sh"

IFS=. read -r major minor <VERSION
expect() { # file regex
	grep -qE "$2" "$1" || fault "$1: expected $2, as VERSION says $major.$minor"
}
expect libaccel/accel.h "^#define ACCEL_VERSION_MAJOR $major\$"
expect libaccel/accel.h "^#define ACCEL_VERSION_MINOR $minor\$"
expect libaccel/build.mk "libaccel\.so\.$major"
expect driver/axon_drv.c "\.major = $major,"
expect driver/axon_drv.c "\.minor = $minor,"
expect docs/hardware.md "^Version $major\.[0-9]+\."
finish
