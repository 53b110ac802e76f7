/* SPDX-License-Identifier: MIT */
/*
 * All that decides the bits of a language model's training, besides its text and vocabulary: what
 * a command line sets and a checkpoint holds. Each setting is known by its name.
 */
#ifndef AXON_RUNTIME_LM_SETTINGS_H
#define AXON_RUNTIME_LM_SETTINGS_H

#include "lm.h"

struct lm_settings {
	struct lm_config config;
	struct lm_optimizer optimizer;
	struct lm_state at;
	uint64_t text_hash; /* of what it learns from */
};

/* A few million parameters; what accel-train lm does without options. */
extern const struct lm_settings lm_settings_default;

enum lm_setting {
	LM_VOCAB,
	LM_EMBED,
	LM_LAYERS,
	LM_HEADS,
	LM_KV_HEADS,
	LM_FF,
	LM_CONTEXT,
	LM_ROPE_BASE,
	LM_EPS,
	LM_TIED,
	LM_RATE,
	LM_MIN_RATE,
	LM_WARMUP,
	LM_STEPS,
	LM_BETA1,
	LM_BETA2,
	LM_ADAM_EPS,
	LM_DECAY,
	LM_DECAY_EMBEDDING,
	LM_CLIP,
	LM_SEED,
	LM_BATCH,
	LM_STEP,
	LM_TEXT_HASH,
	LM_SETTINGS
};

#define LM_SETTING_TEXT 32

/* As it stands in a checkpoint and, where there is one, after the option's "--". */
const char *lm_setting_name(enum lm_setting setting);
/* Writes the value such that lm_setting_parse() reads the same bits. */
void lm_setting_print(const struct lm_settings *s, enum lm_setting setting,
		      char text[LM_SETTING_TEXT]);
/* False, and *expected says what may be there, for anything but one number in its range. */
bool lm_setting_parse(struct lm_settings *s, enum lm_setting setting, const char *text,
		      char expected[64]);

#endif
