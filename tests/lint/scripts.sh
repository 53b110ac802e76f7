#!/bin/bash
# SPDX-License-Identifier: MIT
# Scripts parse: bash's own check, and Python's compiler.
. "${0%/*}/lib.sh"

while read -r file; do
	case $(head -n 1 "$file") in
	'#!/bin/bash'* | '#!/bin/sh'* | '#!/usr/bin/env bash'*) bash -n "$file" || fault "$file" ;;
	'#!/usr/bin/python3'* | '#!/usr/bin/env python3'*)
		/usr/bin/python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' \
			"$file" || fault "$file"
		;;
	esac
done < <(files | grep -vE '\.(c|h|md|gguf|bin|png|json|txt)$')
finish
