# SPDX-License-Identifier: MIT
# The hart's tests: tests/unit/test_hart, and the comparison with qemu-riscv64.

CFLAGS_tests += -Iqemu-device/core -Itests/emu/hart

HART_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard qemu-device/core/hart*.c))
HART_DIFF := $(B)/tests/emu/hart/test_hart_diff

LIBS_test_hart := $(HART_OBJS) $(B)/tests/emu/hart/hart_host.o $(B)/tests/emu/hart/random_fp.o \
                  -lm -lpthread

$(HART_DIFF): $(patsubst %.c,$(B)/%.o,$(wildcard tests/emu/hart/*.c)) $(HART_OBJS)
	$(CC) -o $@ $^ $(LDFLAGS) -lm -lpthread

ALL += $(HART_DIFF)
UNIT_TESTS += $(HART_DIFF)
