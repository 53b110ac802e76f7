# SPDX-License-Identifier: MIT
# Tests of the kernels one by one, linked twice: to the library with the chip inside (found by
# RPATH, which goes before LD_LIBRARY_PATH) and to the one for the driver, for the VM.

KERNEL_TESTS := $(patsubst %.c,%,$(notdir $(wildcard tests/emu/kernels/test_*.c)))
kernel_test_objs := $(addprefix $(B)/tests/emu/kernels/,kernel_rig.o weights.o)

$(KERNEL_TESTS:%=$(B)/tests/emu/kernels/%): %: %.o $(kernel_test_objs) $(LIBAXONRT) \
		$(B)/emu/libaccel.so.1
	$(CC) -o $@ $(filter %.o %.a %.so.1,$^) $(LDFLAGS) $(LIBS_axonrt) -lcmocka -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)

$(KERNEL_TESTS:%=$(B)/tests/guest/kernels/%): $(B)/tests/guest/kernels/%: \
		$(B)/tests/emu/kernels/%.o $(kernel_test_objs) $(LIBAXONRT) $(B)/libaccel.so
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -L$(B) -laccel $(LIBS_axonrt) -lcmocka -lpthread

UNIT_TESTS += $(KERNEL_TESTS:%=$(B)/tests/emu/kernels/%)
kernel_guest_tests := test_pack test_norm test_matmul test_gated test_rope test_logprob
GUEST_TESTS += $(kernel_guest_tests:%=$(B)/tests/guest/kernels/%)
ALL += $(KERNEL_TESTS:%=$(B)/tests/emu/kernels/%) $(KERNEL_TESTS:%=$(B)/tests/guest/kernels/%)
