# SPDX-License-Identifier: MIT
# Measurements beside llama.cpp; see mk/bench.mk. The harness itself has a test.

$(B)/tests/peer/peak_probe: $(B)/tests/peer/peak_probe.o
	$(CC) -o $@ $^ $(LDFLAGS) -lpthread

ALL += $(B)/tests/peer/peak_probe
UNIT_TESTS += tests/peer/test_bench.py
