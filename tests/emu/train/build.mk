# SPDX-License-Identifier: MIT
# Tests of training with the chip in-process: its kernels, its graph and accel-train.

TRAIN_TESTS := $(patsubst tests/emu/train/%.c,$(B)/tests/emu/train/%,$(wildcard tests/emu/train/test_*.c))

$(TRAIN_TESTS): %: %.o $(B)/tests/emu/kernels/kernel_rig.o $(LIBAXONRT) $(B)/emu/libaccel.so.1
	$(CC) -o $@ $(filter %.o %.a %.so.1,$^) $(LDFLAGS) $(LIBS_axonrt) $(LIBS_train) -lcmocka -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)
$(TRAIN_TESTS:%=%.o): CFLAGS += -Itests/emu/kernels

TRAIN_SCRIPTS := $(patsubst tests/emu/train/%.py,$(B)/tests/emu/train/%,$(wildcard tests/emu/train/test_*.py))

$(TRAIN_SCRIPTS): $(B)/%: %.py $(B)/accel-train $(B)/emu/libaccel.so.1
	@mkdir -p $(@D)
	install -m 755 $< $@

UNIT_TESTS += $(TRAIN_TESTS) $(TRAIN_SCRIPTS)
ALL += $(TRAIN_TESTS) $(TRAIN_SCRIPTS)
