/* SPDX-License-Identifier: MIT */
/* What the tokenizer's parts share; see tokenizer.h for the whole. */
#ifndef AXON_RUNTIME_TOKENIZER_PRIV_H
#define AXON_RUNTIME_TOKENIZER_PRIV_H

#include "tokenizer.h"
#include "tokenizer_pre.h"

/* A string among many: where it lies behind a common base. */
struct span {
	uint32_t off, len;
};

/* An open-addressing hash table of numbered strings; the strings stay where they are. */
struct strtab {
	struct slot {
		uint32_t id_plus_1; /* 0: empty */
		uint32_t tag;	    /* more bits of the hash, to skip most comparisons */
	} * slots;
	uint32_t mask;
};

enum token_attr {
	TOKEN_NORMAL = 1,
	TOKEN_UNKNOWN = 2,
	TOKEN_CONTROL = 4,
	TOKEN_USER = 8,
	TOKEN_UNUSED = 16,
	TOKEN_BYTE = 32,
	TOKEN_EOG = 64,
};

#define TOKEN_SPECIAL (TOKEN_UNKNOWN | TOKEN_CONTROL | TOKEN_USER)

enum tokenizer_model {
	TOKENIZER_SPM,
	TOKENIZER_BPE,
};

/* Special tokens of one length, found in one pass over the text. */
struct special_group {
	uint32_t len;
	uint8_t first[32]; /* bit set of their first bytes */
};

struct tokenizer {
	enum tokenizer_model model;
	const char *name; /* of the file, for messages */

	const char *base; /* token texts */
	uint32_t n;
	struct span *tokens;
	float *scores; /* SPM only */
	uint8_t *attrs;
	struct strtab table;
	uint32_t max_len;

	int32_t bos, eos, unk;
	bool add_bos, add_eos, space_prefix;

	struct special_group *groups; /* longest first */
	size_t n_groups;

	int32_t byte_ids[256]; /* SPM: the token of each byte, or TOKENIZER_NONE */

	/* BPE */
	struct pretokenizer *pre;
	bool ignore_merges;
	const char *merge_base;
	struct span *merges; /* "left right", in the order of rank */
	struct strtab merge_table;
};

/* The token ids that an encoding has produced so far. */
struct id_list {
	int32_t *v;
	size_t n, cap;
};

int id_list_push(struct id_list *l, int32_t id);

/* tokenizer_table.c */
int strtab_init(struct strtab *t, uint32_t n);
uint64_t strtab_hash(const char *s, size_t len, uint64_t seed);
int tokenizer_load_merges(struct tokenizer *tk, const struct gguf *g, struct axon_err *err);
int tokenizer_index_tokens(struct tokenizer *tk, struct axon_err *err);
/* The rank of merging the @left bytes at @s with the rest of the @len, or -1. */
int64_t tokenizer_merge_rank(const struct tokenizer *tk, const char *s, size_t left, size_t len);

/* tokenizer_merge.c: working memory, kept from word to word. */
struct piece {
	int32_t prev, next;
	uint32_t off, len; /* len is 0 once merged into its left neighbour */
};

struct pair {
	double key;
	int32_t left, right;
	uint32_t len; /* of both together when the pair was found */
};

struct merger {
	const struct tokenizer *tk;
	/*
	 * Whether the @left bytes at @s may merge with the rest of the @len, and how urgently: the
	 * largest key first, the leftmost of equals.
	 */
	bool (*key)(const struct tokenizer *tk, const char *s, size_t left, size_t len,
		    double *key);
	struct piece *pieces;
	struct pair *heap;
	size_t cap, n_heap;
};

/* Cut @len bytes into characters and merge them; the result is the chain from piece 0. */
int merger_run(struct merger *m, const char *text, size_t len);
void merger_free(struct merger *m);

/* Encode a piece of text without special tokens. Return 0 or a negative errno. */
int tokenizer_encode_spm(const struct tokenizer *tk, struct merger *m, const char *text, size_t len,
			 bool space_prefix, struct id_list *out);
int tokenizer_encode_bpe(const struct tokenizer *tk, struct merger *m, const char *text, size_t len,
			 struct id_list *out);
bool tokenizer_spm_key(const struct tokenizer *tk, const char *s, size_t left, size_t len,
		       double *key);
bool tokenizer_bpe_key(const struct tokenizer *tk, const char *s, size_t left, size_t len,
		       double *key);
/* BPE's printable stand-in for a byte. */
uint32_t tokenizer_bpe_code(uint8_t byte);
/* The byte that BPE's printable stand-in @code means, or -1. */
int tokenizer_bpe_byte(uint32_t code);

#endif
