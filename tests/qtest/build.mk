# SPDX-License-Identifier: MIT
# The device in QEMU without a guest: QTEST_QEMU_BINARY names the QEMU.

QTESTS := $(patsubst %.c,$(B)/%,$(wildcard tests/qtest/test_*.c))

$(QTESTS): %: %.o $(B)/tests/qtest/machine.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka

ALL += $(QTESTS)
UNIT_TESTS += $(QTESTS)
