# SPDX-License-Identifier: MIT
# The fuzzer of the driver's ABI, for the debug kernel.

$(B)/tests/guest/ioctl_fuzz: %: %.o $(B)/tests/guest/abi.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka -lpthread
$(B)/tests/guest/ioctl_fuzz.o: CFLAGS += -isystem /usr/include/libdrm

ALL += $(B)/tests/guest/ioctl_fuzz
