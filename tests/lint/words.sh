#!/bin/bash
# SPDX-License-Identifier: MIT
# What is missing is refused by name, not promised in a comment.
. "${0%/*}/lib.sh"

while read -r line; do
	fault "$line"
done < <(files '*.c' '*.h' '*.S' '*.py' '*.mk' '*.sh' | grep -v '^tests/lint/words.sh$' |
	xargs -r grep -nEi '\b(TODO|FIXME|XXX|HACK)\b|placeholder|for now\b|not (yet )?implemented' || true)
finish
