# SPDX-License-Identifier: MIT
# The runtime: GGUF, tokenizers, chat templates, models, training. Programs link $(LIBAXONRT) $(LIBS_axonrt).

CFLAGS_runtime += -Ilibaccel -Ikernels
LIBAXONRT := $(B)/runtime/libaxonrt.a
LIBS_axonrt := -lpcre2-8 -lm

$(LIBAXONRT): $(patsubst %.c,$(B)/%.o,$(wildcard runtime/*.c))
	@rm -f $@
	$(AR) rcs $@ $^

ALL += $(LIBAXONRT)

LIBS_test_gguf := $(LIBAXONRT)
LIBS_test_gguf_fuzz := $(LIBAXONRT) $(LIBS_axonrt)
LIBS_test_quant := $(LIBAXONRT) -lm
LIBS_test_tokenizer := $(LIBAXONRT) $(LIBS_axonrt)
LIBS_test_chat := $(LIBAXONRT)
