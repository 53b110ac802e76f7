# SPDX-License-Identifier: MIT
# Random models: `dump` writes a model's logits, linked twice as tests/emu/model/ is; the test itself
# is Python, in an environment of its own.

RANDOM_DUMP := tests/emu/random_model/dump

$(B)/$(RANDOM_DUMP): $(B)/$(RANDOM_DUMP).o $(LIBAXONRT) $(B)/emu/libaccel.so.1
	$(CC) -o $@ $^ $(LDFLAGS) $(LIBS_axonrt) -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)

$(B)/tests/guest/random_model/dump: $(B)/$(RANDOM_DUMP).o $(LIBAXONRT) $(B)/libaccel.so
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -L$(B) -laccel $(LIBS_axonrt) -lpthread

VM_TESTS += tests/guest/same_bits.sh
UNIT_TESTS += tests/emu/random_model/test_random_model.sh
ALL += $(B)/$(RANDOM_DUMP) $(B)/tests/guest/random_model/dump
