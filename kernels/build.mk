# SPDX-License-Identifier: MIT
# kernels/<op>.c becomes $(B)/kernels/<op>.elf, by the command that a user would use.

KERNELS := $(patsubst %.c,$(B)/%.elf,$(wildcard kernels/*.c))

$(B)/%.elf: %.c tools/axon-cc kernels/kernel.ld $(wildcard kernels/lib/*.c)
	@mkdir -p $(@D)
	tools/axon-cc -MMD -MP -MF $@.d -MT $@ -Werror -o $@ $<

ALL += $(KERNELS)
