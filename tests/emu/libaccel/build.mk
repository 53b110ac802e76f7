# SPDX-License-Identifier: MIT
# Tests of libaccel, linked twice: to the library with the chip inside (found by RPATH, which goes
# before LD_LIBRARY_PATH) and to the one for the driver, for the VM.

ACCEL_TESTS := $(patsubst %.c,%,$(notdir $(wildcard tests/emu/libaccel/test_*.c)))
ACCEL_TEST_ELF := $(B)/tests/emu/libaccel/kernels.elf

CFLAGS_tests += -Itests/emu/libaccel

$(ACCEL_TEST_ELF): $(wildcard tests/emu/libaccel/kernels/*.c tests/emu/libaccel/*_args.h kernels/*.h) \
		$(wildcard kernels/lib/*.c) kernels/kernel.ld tools/axon-cc
	@mkdir -p $(@D)
	tools/axon-cc -Werror -Itests/emu/libaccel -o $@ $(filter tests/%.c,$^)

$(B)/tests/emu/libaccel/rig.o: CFLAGS += -DKERNELS_ELF='"$(abspath $(ACCEL_TEST_ELF))"'

$(ACCEL_TESTS:%=$(B)/tests/emu/libaccel/%): %: %.o $(B)/tests/emu/libaccel/rig.o \
		$(B)/emu/libaccel.so.1 $(ACCEL_TEST_ELF)
	$(CC) -o $@ $(filter %.o %.so.1,$^) $(LDFLAGS) -lcmocka -lm -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)

$(ACCEL_TESTS:%=$(B)/tests/guest/libaccel/%): $(B)/tests/guest/libaccel/%: \
		$(B)/tests/emu/libaccel/%.o $(B)/tests/emu/libaccel/rig.o $(B)/libaccel.so $(ACCEL_TEST_ELF)
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -L$(B) -laccel -lcmocka -lm -lpthread

$(B)/tests/emu/libaccel/%.sh: tests/emu/libaccel/%.sh
	@mkdir -p $(@D)
	cp $< $@

$(B)/tests/guest/libaccel/%.sh: tests/emu/libaccel/%.sh
	@mkdir -p $(@D)
	cp $< $@

accel_emu_tests := $(addprefix $(B)/tests/emu/libaccel/,$(ACCEL_TESTS) vector_add.sh)
accel_guest_tests := $(addprefix $(B)/tests/guest/libaccel/,$(ACCEL_TESTS) vector_add.sh)
UNIT_TESTS += $(accel_emu_tests)
GUEST_TESTS += $(accel_guest_tests)
ALL += $(accel_emu_tests) $(accel_guest_tests)
