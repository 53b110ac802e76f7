# SPDX-License-Identifier: MIT
# One process generates while others misbehave: isolation.py runs it, with a culprit for each mistake.

ISOLATION := $(B)/tests/guest/isolation

$(ISOLATION)/kernels.elf: $(wildcard tests/guest/isolation/kernels.*) $(wildcard kernels/*.h kernels/lib/*.c) \
		kernels/kernel.ld tools/axon-cc
	@mkdir -p $(@D)
	tools/axon-cc -Werror -o $@ $(filter %/kernels.c,$^)

$(ISOLATION)/client.o: CFLAGS += -DKERNELS_ELF='"$(abspath $(ISOLATION)/kernels.elf)"'

$(ISOLATION)/culprit $(ISOLATION)/bystander: %: %.o $(ISOLATION)/client.o $(B)/libaccel.so $(ISOLATION)/kernels.elf
	$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) -L$(B) -laccel -lpthread

GUEST_TESTS += tests/guest/isolation.py
ALL += $(ISOLATION)/culprit $(ISOLATION)/bystander
