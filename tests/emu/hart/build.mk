# SPDX-License-Identifier: MIT
# The hart's tests: tests/unit/test_hart, and comparisons with qemu-riscv64.

CFLAGS_tests += -Iqemu-device/core -Itests/emu/hart

HART_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard qemu-device/core/hart*.c))
HART_TEST_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out tests/emu/hart/test_%,\
                    $(wildcard tests/emu/hart/*.c)))
HART_QEMU_TESTS := $(B)/tests/emu/hart/test_hart_diff $(B)/tests/emu/hart/test_hart_legal

LIBS_test_hart := $(HART_OBJS) $(HART_TEST_OBJS) -lm -lpthread

$(HART_QEMU_TESTS): %: %.o $(HART_TEST_OBJS) $(HART_OBJS)
	$(CC) -o $@ $^ $(LDFLAGS) -lm -lpthread

ALL += $(HART_QEMU_TESTS)
UNIT_TESTS += $(HART_QEMU_TESTS)
