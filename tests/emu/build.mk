# SPDX-License-Identifier: MIT
# Tests of the chip without a VM, a folder each.

include $(wildcard tests/emu/*/build.mk)

# Not a test: prints how fast the matrix engine's inner loops are on this host.
$(B)/tests/emu/bench_matrix: $(B)/tests/emu/bench_matrix.o $(LIBAXONCORE)
	$(CC) -o $@ $^ -pthread $(LDFLAGS) -lm
ALL += $(B)/tests/emu/bench_matrix
