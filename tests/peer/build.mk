# SPDX-License-Identifier: MIT
# Measurements beside llama.cpp; see mk/bench.mk.

$(B)/tests/peer/peak_probe: $(B)/tests/peer/peak_probe.o
	$(CC) -o $@ $^ $(LDFLAGS) -lpthread

ALL += $(B)/tests/peer/peak_probe
