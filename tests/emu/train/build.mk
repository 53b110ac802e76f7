# SPDX-License-Identifier: MIT
# Tests of training: its kernels and its graph, linked twice as tests/emu/kernels/ are, and accel-train.

TRAIN_TESTS := $(patsubst tests/emu/train/%.c,$(B)/tests/emu/train/%,$(wildcard tests/emu/train/test_*.c))

$(TRAIN_TESTS): %: %.o $(B)/tests/emu/kernels/kernel_rig.o $(LIBAXONRT) $(B)/emu/libaccel.so.1
	$(CC) -o $@ $(filter %.o %.a %.so.1,$^) $(LDFLAGS) $(LIBS_axonrt) $(LIBS_train) -lcmocka -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)
$(TRAIN_TESTS:%=%.o): CFLAGS += -Itests/emu/kernels

$(TRAIN_TESTS:$(B)/tests/emu/%=$(B)/tests/guest/%): $(B)/tests/guest/%: $(B)/tests/emu/%.o \
		$(B)/tests/emu/kernels/kernel_rig.o $(LIBAXONRT) $(B)/libaccel.so
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -L$(B) -laccel $(LIBS_axonrt) $(LIBS_train) -lcmocka -lpthread

$(B)/tests/emu/train/bpe_dump: %: %.o $(LIBAXONRT)
	$(CC) -o $@ $^ $(LDFLAGS) $(LIBS_axonrt)

TRAIN_SCRIPTS := $(patsubst tests/emu/train/%.py,$(B)/tests/emu/train/%,$(wildcard tests/emu/train/test_*.py))

$(TRAIN_SCRIPTS): $(B)/%: %.py $(B)/accel-train $(B)/accel-run $(B)/tests/emu/train/bpe_dump \
		$(B)/tests/unit/encode_file $(B)/emu/libaccel.so.1
	@mkdir -p $(@D)
	install -m 755 $< $@

# What test_lm.py and test_torch.py run and compare with PyTorch.
$(B)/tests/emu/train/test_lm: $(B)/tests/emu/train/lm_losses
$(B)/tests/emu/train/test_torch: $(B)/tests/emu/train/run_kernel
$(addprefix $(B)/tests/emu/train/,lm_losses run_kernel): %: %.o $(LIBAXONRT) $(B)/emu/libaccel.so.1
	$(CC) -o $@ $(filter %.o %.a %.so.1,$^) $(LDFLAGS) $(LIBS_axonrt) $(LIBS_train) -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)

UNIT_TESTS += $(TRAIN_TESTS) $(TRAIN_SCRIPTS)
# Central differences of attention take the emulated CPU minutes; in the VM test_lm_model has the kernels run.
GUEST_TESTS += $(filter-out %/test_lm_gradients,$(TRAIN_TESTS:$(B)/tests/emu/%=$(B)/tests/guest/%))
ALL += $(TRAIN_TESTS) $(TRAIN_TESTS:$(B)/tests/emu/%=$(B)/tests/guest/%) $(TRAIN_SCRIPTS)
