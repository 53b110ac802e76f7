/* SPDX-License-Identifier: MIT */
/*
 * The step block: a batch of tokens of one or several sequences that a recorded stream runs, and
 * what the chip needs to know of these sequences. The host writes it while no step is under way.
 * `sample` and `advance` turn it into the next step, so that steps can follow each other without
 * the host.
 *
 * The key-value cache is a pool of pages of KEY_BLOCK positions. Page p is the same place in the
 * keys and values of every layer and kv head; a sequence's table says which page holds which of
 * its positions.
 */
#ifndef STEP_ARGS_H
#define STEP_ARGS_H

#include <linux/types.h>

/* Positions in a page. Sums over keys go block by block of this, from absolute multiples of it. */
#define KEY_BLOCK 64
/* Rows of a segment at most. */
#define SEGMENT_ROWS 16
/* Tokens that end a sequence at most. */
#define STEP_ENDS 16
/* Steps whose results are kept. */
#define STEP_RESULTS 8

/* Tokens at consecutive positions of one sequence. */
struct step_segment {
	__u32 row, rows; /* in the step */
	__u32 pos;	 /* of its first token */
	__u32 sequence;
};
_Static_assert(sizeof(struct step_segment) == 16, "step_segment");

/* A row whose logits are wanted: row i of the logits is that of output i. */
struct step_output {
	__u32 row;
	__u32 sequence;
};
_Static_assert(sizeof(struct step_output) == 8, "step_output");

struct step_sequence {
	__u64 seed;
	__u32 counter; /* random numbers drawn so far */
	__u32 pos;     /* tokens in the cache when the step is over */
	__u32 left;    /* tokens still to sample, the one of this step included */
	__u32 top_k;   /* this and the next as in sample_args.h */
	float temperature, top_p, min_p;
	__u32 reserved;
};
_Static_assert(sizeof(struct step_sequence) == 40, "step_sequence");

/* A token that was sampled. */
struct step_chosen {
	__u32 sequence;
	__u32 token;
};
_Static_assert(sizeof(struct step_chosen) == 8, "step_chosen");

struct step {
	__u32 rows;    /* tokens in this step; the kernels of rows read no more than this word */
	__u32 outputs; /* rows whose logits are wanted */
	__u32 segments;
	__u32 serial;  /* steps so far */
	__u64 tokens;  /* __u32[rows] */
	__u64 segment; /* struct step_segment[segments], rows ascending */
	__u64 output; /* struct step_output[outputs], of different sequences when they are sampled */
	__u64 sequence; /* struct step_sequence[] */
	__u64 pages;	/* __u32[sequence][table_pages] */
	__u64 chosen;	/* struct step_chosen[STEP_RESULTS][most_outputs], a ring by `serial` */
	__u32 table_pages;
	__u32 most_outputs;
	__u32 ends;
	__u32 end[STEP_ENDS];
	__u32 sampled[STEP_RESULTS]; /* entries of each ring row of `chosen` */
	__u32 reserved;
};
_Static_assert(sizeof(struct step) == 176, "step");

#endif
