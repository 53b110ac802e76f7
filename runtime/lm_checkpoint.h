/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints of a language model in training, in safetensors: parameters by their names, AdamW's
 * moments with adamw.m. and adamw.v. before them, settings and vocabulary as metadata.
 */
#ifndef AXON_RUNTIME_LM_CHECKPOINT_H
#define AXON_RUNTIME_LM_CHECKPOINT_H

#include "bpe_vocab.h"
#include "lm_settings.h"
#include "safetensors.h"

/* Written as a whole or not at all. */
int lm_checkpoint_save(const struct lm *lm, uint64_t text_hash, const struct bpe_vocab *vocab,
		       const char *path, struct axon_err *err);

struct lm_checkpoint {
	const char *path;
	struct safetensors *file;
	struct lm_settings settings;
	struct bpe_vocab vocab; /* as many tokens as the model has */
};

/* Reads what there is; the path must stay valid. Close it also after an error. */
int lm_checkpoint_open(struct lm_checkpoint *c, const char *path, struct axon_err *err);
void lm_checkpoint_close(struct lm_checkpoint *c);
/* Parameters, moments and step into a model of its configuration. */
int lm_checkpoint_load(const struct lm_checkpoint *c, struct lm *lm, struct axon_err *err);

#endif
