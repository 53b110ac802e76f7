/* SPDX-License-Identifier: MIT */
/* Small vocabularies, made as GGUF files in memory. */
#ifndef AXON_TESTS_SMALL_VOCAB_H
#define AXON_TESTS_SMALL_VOCAB_H

#include "gguf_builder.h"

/* SentencePiece-style: 256 bytes, 30 pieces, special tokens. */
void build_spm(struct builder *b, bool space_prefix);
/* Byte-level BPE with 20 merges under the named pre-tokenizer. */
void build_bpe(struct builder *b, const char *pre);

#endif
