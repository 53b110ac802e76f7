# SPDX-License-Identifier: MIT
# Tests of the driver's memory under pressure, on a device with little of it: memory.sh boots that.

MEMORY_TESTS := $(patsubst %,$(B)/tests/guest/memory/%,evict)

$(MEMORY_TESTS): %: %.o $(B)/tests/guest/memory/blocks.o $(B)/tests/guest/abi.o $(B)/tests/guest/userq.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka -lpthread
$(MEMORY_TESTS:%=%.o) $(B)/tests/guest/memory/blocks.o: CFLAGS += -isystem /usr/include/libdrm

VM_TESTS += tests/guest/memory.sh
ALL += $(MEMORY_TESTS)
