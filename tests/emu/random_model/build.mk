# SPDX-License-Identifier: MIT
# Random models: `dump` writes a model's logits, linked twice as tests/emu/model/ is; `batch` holds
# sequences that run together against those that run alone, linked to the chip's objects so that it can
# choose the matrix engine's path; the test itself is Python, in an environment of its own.

RANDOM_DUMP := tests/emu/random_model/dump

$(B)/$(RANDOM_DUMP): $(B)/$(RANDOM_DUMP).o $(LIBAXONRT) $(B)/emu/libaccel.so.1
	$(CC) -o $@ $^ $(LDFLAGS) $(LIBS_axonrt) -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)

RANDOM_BATCH := $(B)/tests/emu/random_model/batch
$(RANDOM_BATCH).o: CFLAGS += -Iqemu-device/core

$(RANDOM_BATCH): $(RANDOM_BATCH).o $(LIBAXONRT) $(LIBACCEL_OBJS) $(LIBACCEL_EMU_OBJS) $(B)/libaxoncore.a
	$(CC) -o $@ $^ $(LDFLAGS) $(LIBS_axonrt) -ldw -lelf -lpthread

$(B)/tests/guest/random_model/dump: $(B)/$(RANDOM_DUMP).o $(LIBAXONRT) $(B)/libaccel.so
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -L$(B) -laccel $(LIBS_axonrt) -lpthread

VM_TESTS += tests/guest/same_bits.sh
UNIT_TESTS += tests/emu/random_model/test_random_model.sh
ALL += $(RANDOM_BATCH) $(B)/$(RANDOM_DUMP) $(B)/tests/guest/random_model/dump
