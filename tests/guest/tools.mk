# SPDX-License-Identifier: MIT
# The tools against the driver.

GUEST_TESTS += tests/guest/smi.py tests/guest/bench.py
