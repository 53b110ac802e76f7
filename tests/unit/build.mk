# SPDX-License-Identifier: MIT
# Unit tests: each tests/unit/test_X.c is a cmocka program of its own, linked with $(LIBS_test_X).
# LIBS_test_X is set in the build.mk of the folder under test; what in it is a file of the build
# (*.a, *.o) the test also depends on.

CFLAGS_tests += -Iruntime -Ilibaccel -Ikernels -Iqemu-device/core -I.

define unit_test
$(B)/tests/unit/$(1): $(B)/tests/unit/$(1).o $(filter %.a %.o,$(LIBS_$(1)))
	$$(CC) -o $$@ $$(filter %.o,$$^) $(filter-out %.o,$(LIBS_$(1))) $$(LDFLAGS) -lcmocka
UNIT_TESTS += $(B)/tests/unit/$(1)
ALL += $(B)/tests/unit/$(1)
endef

$(foreach t,$(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c)),$(eval $(call unit_test,$(t))))

# Prints the tokens of a file, for comparison with llama-tokenize (tests/unit/tokenizer_peer.py).
$(B)/tests/unit/encode_file: $(B)/tests/unit/encode_file.o $(LIBAXONRT)
	$(CC) -o $@ $^ $(LIBS_axonrt) $(LDFLAGS)
ALL += $(B)/tests/unit/encode_file
