#!/bin/bash
# SPDX-License-Identifier: MIT
# Description: models of random shape and weights, of every quantisation type; see check.py.

cd "$(dirname "$0")/../../.." || exit 1
python=$(mk/venv.sh) || {
	echo "skipped: no Python environment with the gguf package"
	exit 77
}
exec "$python" tests/emu/random_model/check.py build/tests/emu/random_model
