# SPDX-License-Identifier: MIT
# The examples, built as their users would: by their own Makefiles from accel.pc and axon-cc.

EXAMPLES := $(patsubst examples/%/Makefile,%,$(wildcard examples/*/Makefile))

$(EXAMPLES:%=$(B)/examples/%/.built): $(B)/examples/%/.built: $(B)/libaccel.so $(B)/accel.pc tools/axon-cc \
		$(wildcard examples/*/*.c examples/*/*.h) $(wildcard kernels/*.h kernels/lib/*.c) \
		kernels/kernel.ld libaccel/accel.h
	@mkdir -p $(@D)
	cp examples/$*/* $(@D)/
	$(MAKE) --no-print-directory -C $(@D) CC='$(CC)' LDFLAGS='$(SANFLAGS)' \
		PKG_CONFIG_PATH='$(abspath $(B))' AXON_CC='$(CURDIR)/tools/axon-cc'
	@touch $@

ALL += $(EXAMPLES:%=$(B)/examples/%/.built)
