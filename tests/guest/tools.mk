# SPDX-License-Identifier: MIT
# The tools against the driver.

GUEST_TESTS += tests/guest/smi.py tests/guest/bench.py tests/guest/non_root.sh tests/guest/train_lm.py tests/guest/observe.py
