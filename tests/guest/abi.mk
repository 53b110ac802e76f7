# SPDX-License-Identifier: MIT
# The driver's ABI, through ioctl() alone: each tests/guest/abi_X.c is a cmocka program.

ABI_TESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/guest/abi_*.c))

$(ABI_TESTS): %: %.o $(B)/tests/guest/abi.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka -lpthread
$(filter $(B)/tests/guest/abi_userq%,$(ABI_TESTS)): $(B)/tests/guest/userq.o
$(ABI_TESTS:%=%.o) $(B)/tests/guest/abi.o $(B)/tests/guest/userq.o: CFLAGS += -isystem /usr/include/libdrm

GUEST_TESTS += $(ABI_TESTS)
ALL += $(ABI_TESTS)
