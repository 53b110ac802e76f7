# SPDX-License-Identifier: MIT
# The device in QEMU without a guest: QTEST_QEMU_BINARY names the QEMU.

$(B)/tests/qtest/test_pci: $(B)/tests/qtest/test_pci.o $(B)/tests/qtest/machine.o
	$(CC) -o $@ $^ $(LDFLAGS) -lcmocka

ALL += $(B)/tests/qtest/test_pci
UNIT_TESTS += $(B)/tests/qtest/test_pci
