#!/bin/bash
# SPDX-License-Identifier: MIT
# usage: tests/peer/kl.sh [CHUNKS [CONTEXT]]        (from the project's root, with everything built)
#
# Description: the default model's distribution over the next token is llama.cpp's, as nearly as
# llama-perplexity --kl-divergence-base measures it on a public-domain text: mean divergence at most
# 0.01 nats, and the same best token in 99 % of the positions where llama.cpp's two best lie more than
# 0.25 apart. (Not in all: both round activations to 8 bits, each in its way. tests/emu/model/ asks
# for all of them along llama.cpp's own continuations.) The base takes 134 MB for each chunk of 512.

cd "$(dirname "$0")/../.." || exit 1
chunks=${1:-2} context=${2:-512}
model=$(mk/fetch_model.py "${MODEL:-gemma3-270m-q4_k_m}") || exit 1
mk/peer.sh --version >/dev/null || {
	echo "skipped: no llama.cpp to compare with"
	exit 77
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mk/peer.sh llama-perplexity -m "$model" -f "$PWD/tests/data/opticks.txt" -c "$context" -b "$context" \
	--chunks "$chunks" -t 2 --kl-divergence-base "$scratch/base" >"$scratch/log" 2>&1 || {
	tail -n 5 "$scratch/log"
	exit 1
}
LD_LIBRARY_PATH=build/emu build/accel-run -m "$model" --kl-divergence-base "$scratch/base" \
	>"$scratch/out" || exit 1
cat "$scratch/out"
awk '
	/^mean KL divergence/ { kl = $NF; found++ }
	/^same most likely token/ { same = $(NF - 2); clear = $NF; found++ }
	END {
		if (found != 2) { print "expected two measures, found " found + 0; exit 1 }
		if (kl > 0.01) { print "expected a divergence of at most 0.01, found " kl; exit 1 }
		if (clear < 100) { print "expected at least 100 clear positions, found " clear; exit 1 }
		if (same < 0.99 * clear) { print "expected 99 % of " clear " clear positions to agree, found " same; exit 1 }
	}' "$scratch/out"
