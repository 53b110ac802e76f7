#!/bin/bash
# SPDX-License-Identifier: MIT
# The driver and its suites please the kernel's own checkpatch.pl, in its strict mode; tables of
# tracepoints are laid out as they are in the kernel, which it does not know.
. "${0%/*}/lib.sh"

checkpatch=$(mk/checkpatch.sh)
mapfile -t sources < <(files 'driver/*.[ch]' 'tests/kunit/*.[ch]' | grep -v '_trace\.h$')
mapfile -t tracepoints < <(files 'driver/*_trace.h')
# Lists are macros that take a macro: it names an array index, and not each argument is used once.
ignored=FILE_PATH_CHANGES,SPDX_LICENSE_TAG,BRACKET_SPACE,MACRO_ARG_REUSE,MACRO_ARG_UNUSED

check() { # IGNORED FILE...
	[ $# = 1 ] || perl "$checkpatch" --no-tree --strict --terse --no-summary \
		--max-line-length=100 --show-types --ignore "$1" -f "${@:2}"
}

check $ignored "${sources[@]}" &&
	check $ignored,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT "${tracepoints[@]}"
