#!/bin/bash
# SPDX-License-Identifier: MIT
# The runtime and the kernels are fitted to no file: no model's name, size or hash. Architectures
# and pre-tokenizers are recognised by the GGUF's own metadata, so their names in it are allowed.
. "${0%/*}/lib.sh"

mapfile -t sources < <(files 'runtime/*.[ch]' 'kernels/*.[chS]')
[ ${#sources[@]} -gt 0 ] || exit 0
look() { # what regex
	while read -r line; do
		fault "$line: $1"
	done < <(grep -nEi "$2" "${sources[@]}" || true)
}
look "a model's name" '\b(270m|tinyllama|minilm|1b-it|0\.5b|gemma-?3-(270m|1b)|q4_k_m)\b'
look "a vocabulary's size" '\b(262144|262145|262208|151936|151643|128256|32000|32064|49152|30522)\b'
look "a hash" '\b[0-9a-f]{32,64}\b'
finish
