#!/bin/bash
# SPDX-License-Identifier: MIT
# Description: a random model has the same logits, to the bit, in the VM through the driver as
# in-process. Runs on the host; AXON_SEED repeats a run.

cd "$(dirname "$0")/../.." || exit 1
python=$(mk/venv.sh) || {
	echo "skipped: no Python environment with the gguf package"
	exit 77
}
seed=${AXON_SEED:-$RANDOM}
echo "AXON_SEED=$seed"
scratch=$(mktemp -d -p build)
trap 'rm -rf "$scratch"' EXIT
export LD_LIBRARY_PATH=$PWD/build # the in-process program has its own by RPATH
dump=tests/emu/random_model/dump
passed=0 failed=0
for type in F16 Q5_1 Q4_K; do
	"$python" tests/emu/random_model/model.py "$seed" "$type" "$scratch" || exit 1
	"build/$dump" "$scratch/model.gguf" "$scratch/tokens" 24 >"$scratch/in-process" || exit 1
	tools/vm --timeout 120 -- build/tests/guest/random_model/dump "$scratch/model.gguf" \
		"$scratch/tokens" 24 >"$scratch/in-vm" </dev/null
	if [ -s "$scratch/in-process" ] && cmp "$scratch/in-process" "$scratch/in-vm"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$type: expected the same bits in the VM, found others"
	fi
done
echo "[  PASSED  ] $passed test(s)."
echo "[  FAILED  ] $failed test(s)."
[ "$failed" = 0 ]
