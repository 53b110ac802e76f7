# SPDX-License-Identifier: MIT
# The front door. `make help` lists what there is.

B ?= build
ifdef SAN
B := build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifdef FUZZ
B := build/fuzz
CC := clang
SANFLAGS := -fsanitize=address,undefined -fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined -O1
endif

VERSION := $(file <VERSION)
CC ?= gcc
CFLAGS ?= -O2 -g
AXON_CFLAGS := -std=gnu11 -Wall -Wextra -Werror -fPIC -Iuapi -MMD -MP $(SANFLAGS)
LDFLAGS += $(SANFLAGS)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
ALL :=
UNIT_TESTS :=
GUEST_TESTS :=

include $(wildcard */build.mk tests/*/build.mk)

# The first path component of $(1): the folder whose CFLAGS_<folder> apply.
top = $(firstword $(subst /, ,$(1)))
isa = $(if $(filter %_avx512,$(1)),-mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx512vnni -mavx512bf16)\
      $(if $(filter %_avx2,$(1)),-mavx2 -mfma -mf16c)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(AXON_CFLAGS) $(CFLAGS_$(call top,$*)) $(call isa,$*) -c -o $@ $<

-include $(shell find $(B) -name '*.d' $(if $(SAN)$(FUZZ),,-not -path 'build/san/*' -not -path 'build/fuzz/*' -not -path 'build/mutants/*') \
	2>/dev/null)

.PHONY: all
all: $(ALL) ## everything that runs on the host and in the VM, without QEMU and the module

include mk/vm.mk mk/test.mk mk/bench.mk mk/install.mk

.PHONY: help clean clean-cache
help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

clean: ## remove build/
	rm -rf build

clean-cache: ## remove the cache: QEMU, kernel, models (all fetched or built again)
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/axon"
