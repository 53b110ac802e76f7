/* SPDX-License-Identifier: MIT */
/* A trained language model as a GGUF file of architecture llama, and back. */
#ifndef AXON_RUNTIME_LM_GGUF_H
#define AXON_RUNTIME_LM_GGUF_H

#include "bpe_vocab.h"
#include "lm.h"
#include "quant.h"
#include "tokenizer.h"

/* Weights and vocabulary; matrices of this type (see gguf_put_tensor()), vectors in fp32. */
int lm_gguf_write(const struct lm *lm, const struct bpe_vocab *vocab, enum quant_id type,
		  const char *path, struct axon_err *err);

/*
 * A vocabulary as whoever reads such a file sees it. Free the tokenizer, then close the GGUF; also
 * after an error.
 */
int lm_gguf_tokenizer(const struct bpe_vocab *vocab, struct gguf **g, struct tokenizer **tk,
		      struct axon_err *err);

/* The shape of a file's model, which must be one that lm.h describes. */
int lm_gguf_config(const struct gguf *g, struct lm_config *c, struct axon_err *err);
/* Its weights into a model of this shape; the types may be any that Axon runs. */
int lm_gguf_load(const struct gguf *g, struct lm *lm, struct axon_err *err);

#endif
