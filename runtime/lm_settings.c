// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpe_vocab.h"
#include "lm_settings.h"

/* Products of a few of these fit 64 bits; lm_open() says what a model cannot be. */
#define MAX_SIZE 65536

const struct lm_settings lm_settings_default = {
	.config = {.vocab = 2048,
		   .embed = 256,
		   .layers = 4,
		   .heads = 8,
		   .kv_heads = 4,
		   .ff = 704,
		   .context = 256,
		   .rope_base = 10000.0f,
		   .eps = 1e-5f},
	.optimizer = {.rate = 2e-3,
		      .min_rate = 2e-4,
		      .warmup = 50,
		      .steps = 500,
		      .beta1 = 0.9,
		      .beta2 = 0.95,
		      .eps = 1e-8,
		      .decay = 0.1,
		      .clip = 1.0},
	.at = {.seed = 1, .batch = 8},
};

enum kind { U32, U64, HEX, F32, F64, BOOL };

static const struct field {
	const char *name;
	size_t offset;
	enum kind kind;
	double min, max; /* of what is no 64-bit number */
} fields[LM_SETTINGS] = {
#define FIELD(member, ...) offsetof(struct lm_settings, member), __VA_ARGS__
	[LM_VOCAB] = {"vocab", FIELD(config.vocab, U32, BPE_MIN_SIZE, BPE_MAX_SIZE)},
	[LM_EMBED] = {"embed", FIELD(config.embed, U32, 1, MAX_SIZE)},
	[LM_LAYERS] = {"layers", FIELD(config.layers, U32, 1, 1024)},
	[LM_HEADS] = {"heads", FIELD(config.heads, U32, 1, 1024)},
	[LM_KV_HEADS] = {"kv-heads", FIELD(config.kv_heads, U32, 1, 1024)},
	[LM_FF] = {"ff", FIELD(config.ff, U32, 1, MAX_SIZE)},
	[LM_CONTEXT] = {"context", FIELD(config.context, U32, 2, MAX_SIZE)},
	[LM_ROPE_BASE] = {"rope-base", FIELD(config.rope_base, F32, 1, 1e9)},
	[LM_EPS] = {"eps", FIELD(config.eps, F32, 0, 1)},
	[LM_TIED] = {"tied", FIELD(config.tied, BOOL, 0, 1)},
	[LM_RATE] = {"lr", FIELD(optimizer.rate, F64, 0, 1)},
	[LM_MIN_RATE] = {"min-lr", FIELD(optimizer.min_rate, F64, 0, 1)},
	[LM_WARMUP] = {"warmup", FIELD(optimizer.warmup, U32, 0, INT32_MAX)},
	[LM_STEPS] = {"steps", FIELD(optimizer.steps, U32, 1, INT32_MAX)},
	[LM_BETA1] = {"beta1", FIELD(optimizer.beta1, F64, 0, 1)},
	[LM_BETA2] = {"beta2", FIELD(optimizer.beta2, F64, 0, 1)},
	[LM_ADAM_EPS] = {"adam-eps", FIELD(optimizer.eps, F64, 0, 1)},
	[LM_DECAY] = {"decay", FIELD(optimizer.decay, F64, 0, 100)},
	[LM_DECAY_EMBEDDING] = {"decay-embedding", FIELD(optimizer.decay_embedding, BOOL, 0, 1)},
	[LM_CLIP] = {"clip", FIELD(optimizer.clip, F64, 0, 1e9)},
	[LM_SEED] = {"seed", FIELD(at.seed, U64, 0, 0)},
	[LM_BATCH] = {"batch", FIELD(at.batch, U32, 1, LM_MAX_BATCH)},
	[LM_STEP] = {"step", FIELD(at.step, U64, 0, 0)},
	[LM_TEXT_HASH] = {"text-hash", FIELD(text_hash, HEX, 0, 0)},
#undef FIELD
};

const char *lm_setting_name(enum lm_setting setting)
{
	return fields[setting].name;
}

void lm_setting_print(const struct lm_settings *s, enum lm_setting setting,
		      char text[LM_SETTING_TEXT])
{
	const struct field *f = &fields[setting];
	const void *p = (const char *)s + f->offset;

	switch (f->kind) {
	case U32: snprintf(text, LM_SETTING_TEXT, "%" PRIu32, *(const uint32_t *)p); break;
	case U64: snprintf(text, LM_SETTING_TEXT, "%" PRIu64, *(const uint64_t *)p); break;
	case HEX: snprintf(text, LM_SETTING_TEXT, "%016" PRIx64, *(const uint64_t *)p); break;
	case F32: snprintf(text, LM_SETTING_TEXT, "%.9g", (double)*(const float *)p); break;
	case F64: snprintf(text, LM_SETTING_TEXT, "%.17g", *(const double *)p); break;
	case BOOL: snprintf(text, LM_SETTING_TEXT, "%d", *(const bool *)p); break;
	}
}

static bool parse_whole(const struct field *f, const char *text, uint64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoull(text, &end, f->kind == HEX ? 16 : 10);
	return !errno && *text != '-' && *text != '+' && *text != ' ' && end != text && !*end &&
	       (f->kind == U64 || f->kind == HEX || ((double)*v >= f->min && (double)*v <= f->max));
}

static bool parse_real(const struct field *f, const char *text, double *v)
{
	char *end;

	*v = strtod(text, &end);
	return end != text && !*end && *v >= f->min && *v <= f->max;
}

bool lm_setting_parse(struct lm_settings *s, enum lm_setting setting, const char *text,
		      char expected[64])
{
	const struct field *f = &fields[setting];
	void *p = (char *)s + f->offset;
	bool real = f->kind == F32 || f->kind == F64, good;
	uint64_t whole = 0;
	double v = 0;

	if (f->kind == U64 || f->kind == HEX)
		snprintf(expected, 64, "a whole number below 2^64");
	else
		snprintf(expected, 64, "a %snumber of %g to %.10g", real ? "" : "whole ", f->min,
			 f->max);
	good = real ? parse_real(f, text, &v) : parse_whole(f, text, &whole);
	if (!good)
		return false;
	switch (f->kind) {
	case U32: *(uint32_t *)p = (uint32_t)whole; break;
	case U64:
	case HEX: *(uint64_t *)p = whole; break;
	case F32: *(float *)p = (float)v; break;
	case F64: *(double *)p = v; break;
	case BOOL: *(bool *)p = whole; break;
	}
	return true;
}
