# SPDX-License-Identifier: MIT
# The runtime: GGUF, tokenizers, chat templates, models, training. Programs link $(LIBAXONRT) $(LIBS_axonrt).

CFLAGS_runtime += -Ilibaccel -Ikernels
LIBAXONRT := $(B)/runtime/libaxonrt.a
LIBS_axonrt := -lpcre2-8 -lm
# what the files for training need
LIBS_train := -ljson-c -lz -lm

# An assembler file carries programs of the chip, which it finds by its include path.
$(B)/%.o: %.S $(KERNELS)
	@mkdir -p $(@D)
	$(CC) -c -Wa,-I$(B)/kernels -o $@ $<

$(LIBAXONRT): $(patsubst %.c,$(B)/%.o,$(wildcard runtime/*.c)) $(B)/runtime/kernel_images.o
	@rm -f $@
	$(AR) rcs $@ $^

ALL += $(LIBAXONRT)

# tests/unit; the *.o there are helpers that several tests share
LIBS_test_quant := $(LIBAXONRT) -lm
LIBS_test_llm_pool := $(LIBAXONRT)
LIBS_test_gguf := $(B)/tests/unit/gguf_builder.o $(LIBAXONRT)
LIBS_test_gguf_fuzz := $(addprefix $(B)/tests/unit/,gguf_builder.o small_vocab.o) $(LIBAXONRT) $(LIBS_axonrt)
LIBS_test_tokenizer := $(addprefix $(B)/tests/unit/,gguf_builder.o small_vocab.o) $(LIBAXONRT) $(LIBS_axonrt)
LIBS_test_chat := $(B)/tests/unit/gguf_builder.o $(LIBAXONRT)
