#!/bin/bash
# SPDX-License-Identifier: MIT
# What the documents name in `backticks` exists: functions, `name()`, in the sources, and paths with
# a folder, where capitals such as NAME stand for anything and a program for its source.
. "${0%/*}/lib.sh"

mapfile -t documents < <(files '*.md')
sources=$(mktemp)
trap 'rm -f "$sources"' EXIT
files '*.c' '*.h' | xargs cat >"$sources"

while IFS=: read -r document name; do
	grep -qE "\b${name%()}\(" "$sources" || fault "$document: names $name, which no source has"
done < <(grep -oHE '`[a-z][a-z_0-9]*\(\)`' "${documents[@]}" | tr -d '`' | sort -u)

while IFS=: read -r document path; do
	pattern=$(sed -E 's/[A-Z]{2,}/*/g' <<<"$path")
	compgen -G "$pattern" >/dev/null || [ -f "$path.c" ] || fault "$document: names $path, which does not exist"
done < <(grep -oHE '`(docs|driver|examples|kernels|libaccel|mk|qemu-device|runtime|tests|tools|uapi)/[^` ]*`' \
	"${documents[@]}" | tr -d '`' | sort -u)
finish
