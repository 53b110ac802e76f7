# SPDX-License-Identifier: MIT
# libFuzzer's targets, tests/fuzz/fuzz_X.c, built by `make FUZZ=1 fuzzers` into build/fuzz; each is
# linked with the objects in FUZZ_X and the libraries in FUZZLIBS_X. tests/fuzz/run runs one.

FUZZ_X := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_TESTS := $(FUZZ_X:%=build/fuzz/tests/fuzz/fuzz_%)

FUZZ_elf := libaccel/elf_image
FUZZ_gguf := tests/unit/gguf_builder $(patsubst %.c,%,$(wildcard runtime/tokenizer*.c)) \
	$(addprefix runtime/,gguf gguf_meta gguf_parse quant err utf8 intern chat llm_config bpe_vocab)
FUZZLIBS_gguf := -lpcre2-8 -lm
FUZZ_safetensors := $(addprefix runtime/,safetensors new_file err)
FUZZLIBS_safetensors := -ljson-c -lm

ifdef FUZZ
CFLAGS_tests += -Itests/unit
define fuzzer
$(B)/tests/fuzz/fuzz_$(1): $(B)/tests/fuzz/fuzz_$(1).o $(FUZZ_$(1):%=$(B)/%.o)
	$$(CC) -fsanitize=fuzzer -o $$@ $$^ $$(LDFLAGS) $(FUZZLIBS_$(1))
endef
$(foreach x,$(FUZZ_X),$(eval $(call fuzzer,$(x))))

.PHONY: fuzzers
fuzzers: $(FUZZ_TESTS)
endif
