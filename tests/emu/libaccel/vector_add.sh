#!/bin/sh
# SPDX-License-Identifier: MIT
# Description: the example, built as its user would build it, adds right. Copied into the build tree,
# once for the chip in the process and once for the VM.
set -eu

build=$(cd "$(dirname "$0")/../../.." && pwd)
case $0 in
*/emu/*) export LD_LIBRARY_PATH="$build/emu" ;;
*) export LD_LIBRARY_PATH="$build" ;;
esac
cd "$build/examples/vector_add"
found=$(./vector_add vector_add.elf)
# the sum of 3·i for i below 100000
expected="100000 sums right, $((3 * 99999 * 100000 / 2)) in all"
[ "$found" = "$expected" ] || { echo "expected '$expected', found '$found'"; exit 1; }

# and it says what is wrong
if ./vector_add /dev/null 2>message; then
	echo "expected a failure for a program that is none"
	exit 1
fi
grep -q '^vector_add: program: the file is no program for this chip; ' message
rm -f message
