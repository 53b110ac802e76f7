# SPDX-License-Identifier: MIT
# Tests of a real model, linked twice: to the library with the chip inside (found by RPATH, which
# goes before LD_LIBRARY_PATH) and to the one for the driver, for the VM.

MODEL_TESTS := $(patsubst %.c,%,$(notdir $(wildcard tests/emu/model/test_*.c)))

CFLAGS_tests += -Iruntime -Ilibaccel -Ikernels

$(B)/tests/emu/model/model.o: CFLAGS += -DTEST_DATA='"$(CURDIR)/tests/data"'

$(MODEL_TESTS:%=$(B)/tests/emu/model/%): %: %.o $(B)/tests/emu/model/model.o $(LIBAXONRT) \
		$(B)/emu/libaccel.so.1
	$(CC) -o $@ $(filter %.o %.a %.so.1,$^) $(LDFLAGS) $(LIBS_axonrt) -lcmocka -lpthread \
		-Wl,--disable-new-dtags,-rpath,$(abspath $(B)/emu)

$(MODEL_TESTS:%=$(B)/tests/guest/model/%): $(B)/tests/guest/model/%: $(B)/tests/emu/model/%.o \
		$(B)/tests/emu/model/model.o $(LIBAXONRT) $(B)/libaccel.so
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o %.a,$^) $(LDFLAGS) -L$(B) -laccel $(LIBS_axonrt) -lcmocka -lpthread

UNIT_TESTS += $(MODEL_TESTS:%=$(B)/tests/emu/model/%)
GUEST_TESTS += $(B)/tests/guest/model/test_continuations
ALL += $(MODEL_TESTS:%=$(B)/tests/emu/model/%) $(MODEL_TESTS:%=$(B)/tests/guest/model/%)
