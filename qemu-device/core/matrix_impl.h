/* SPDX-License-Identifier: MIT */
/*
 * Inside the matrix engine: what matrix.c (descriptor), matrix_dense.c and matrix_block.c (panels),
 * matrix_io.c (operands) and the inner loops of each instruction set say to each other.
 */
#ifndef AXON_MATRIX_IMPL_H
#define AXON_MATRIX_IMPL_H

#include "engine.h"

#define MATRIX_COLS  AXON_TILE_COLS
#define MATRIX_PANEL 1024u /* columns whose accumulators are kept at once, at most */
#define MATRIX_SMALL 8u	   /* up to so many rows B is streamed once, tile after tile */

/* How products are formed; each takes k in steps of 4 bytes of A. */
enum matrix_rule {
	MATRIX_F32,  /* 1 k: fp32 */
	MATRIX_BF16, /* 2 k: bf16 pair */
	MATRIX_I8,   /* 4 k: int8 */
	MATRIX_BLOCK,
	MATRIX_NUM_DENSE = MATRIX_BLOCK
};

/* acc[rows][16 · tiles] += A · B over `steps`. Accumulators are float, for MATRIX_I8 int32_t. */
struct matrix_dense {
	const uint8_t
		*a; /* rows a_stride bytes apart, 4 bytes per step; of I8 with matrix_path.a_bias */
	size_t a_stride;
	const uint8_t *b; /* tiles b_stride bytes apart, 64 bytes per step: [lane][k in step] */
	size_t b_stride;
	uint32_t *acc; /* rows acc_stride elements apart */
	size_t acc_stride;
	unsigned int rows; /* room for a multiple of MATRIX_DENSE_ROUND(rows) in a and acc */
	unsigned int tiles;
	unsigned int steps;
};

/* Rows are padded so that a kernel needs few heights: 1, else a multiple of 2. */
#define MATRIX_DENSE_ROUND(rows) ((rows) == 1 ? 1u : ((rows) + 1u) & ~1u)

/*
 * A for the block rule, one group of `rows` rows: for each 32 k in turn, quants [row][32] and
 * words [row][matrix_block_words()]: scale (fp32), zero[halves] (int32: -zero · sum), and for
 * formats with a minimum sum[1 or halves] (fp32). halves = 32 / sub.
 */
struct matrix_block {
	uint32_t format;
	const int8_t *q;
	const uint32_t *words;
	const uint8_t *b; /* tiles b_stride bytes apart */
	size_t b_stride;
	float *acc;
	size_t acc_stride;
	unsigned int rows;
	unsigned int tiles;
	unsigned int records;
};

/* The same numbers in 8 bits. */
#define MATRIX_WIDE(format) (((format) & ~0xffu) | 8)

/* Sub-blocks in 32 k. */
static inline unsigned int matrix_block_halves(uint32_t format)
{
	return 32 / AXON_FMT_SUB(format);
}

static inline unsigned int matrix_block_words(uint32_t format)
{
	return 1 + matrix_block_halves(format) + (AXON_FMT_MIN(format) != AXON_MIN_NONE);
}

/* B as the descriptor gives it, to be brought into the form that matrix_dense.b has. */
struct matrix_pack {
	enum matrix_rule rule;
	unsigned int type; /* of src */
	uint8_t *dst;	   /* tiles dst_stride bytes apart */
	size_t dst_stride;
	const uint8_t *src;
	size_t src_stride; /* between rows, columns or tiles, by layout */
	unsigned int cols; /* of which lanes past the last are undefined */
	unsigned int k;	   /* the last step is padded with zeros */
};

struct matrix_drain {
	const uint32_t *acc;
	bool acc_int;	     /* int32_t, else float */
	const float *addend; /* NULL = none */
	void *c;
	unsigned int c_type;
	unsigned int cols;
	float scale;
};

typedef void (*matrix_dense_fn)(const struct matrix_dense *t);
typedef void (*matrix_block_fn)(const struct matrix_block *t);
typedef void (*matrix_pack_fn)(const struct matrix_pack *p);

/* The inner loops for one kind of host. */
struct matrix_path {
	const char *name;
	matrix_dense_fn dense[MATRIX_NUM_DENSE];
	uint8_t a_bias; /* what A's bytes are combined with, by exclusive or, before dense[MATRIX_I8] */
	matrix_pack_fn pack[3]; /* by enum axon_b_layout */
	/* Block rule: a kernel for one tile and groups of `rows` rows, or NULL: use the portable one. */
	matrix_block_fn (*block)(uint32_t format, unsigned int rows);
	unsigned int block_rows; /* the highest group, a power of two up to MATRIX_SMALL */
	/*
	 * With many rows: a kernel for `tiles` tiles of a format of 8 bits, or NULL: there is none. And how
	 * records get there, dst in MATRIX_WIDE(format). Without `wide` the rest is not used.
	 */
	matrix_block_fn (*wide)(uint32_t format, unsigned int rows, unsigned int tiles);
	void (*widen)(uint32_t format, uint8_t *dst, const uint8_t *src, unsigned int records);
	unsigned int wide_rows, wide_tiles; /* even; the most that a kernel takes */
	void (*drain)(const struct matrix_drain *d);
};

enum matrix_path_id { MATRIX_PORTABLE, MATRIX_AVX2, MATRIX_AVX512, MATRIX_NUM_PATHS };

/* The path in use: the best that this host has, found and tested once. */
const struct matrix_path *matrix_path(void);
/* For tests and benchmarks: uses `id` from now on; false if the host cannot run it. */
bool matrix_select(enum matrix_path_id id);

extern const struct matrix_path matrix_path_portable;
void matrix_block_portable(const struct matrix_block *t);
void matrix_pack_rows_portable(const struct matrix_pack *p);
void matrix_pack_cols_portable(const struct matrix_pack *p);
void matrix_pack_packed_portable(const struct matrix_pack *p);
void matrix_drain_portable(const struct matrix_drain *d);
#if defined(__x86_64__)
extern const struct matrix_path matrix_path_avx2;
extern const struct matrix_path matrix_path_avx512;
#endif

/* ---- one operation ------------------------------------------------------------------------ */

#define MATRIX_A_QUANTS (1280u << 10) /* block rule: bytes of A kept at once */
#define MATRIX_B_BYTES	(256u << 10)
#define MATRIX_ACC	(256u << 10) /* accumulators kept at once */

/* Working memory of one host thread. */
struct matrix_scratch {
	_Alignas(64) uint8_t a[MATRIX_A_QUANTS];
	uint32_t words[MATRIX_A_QUANTS / 32 * 5];
	_Alignas(64) uint8_t b[2 * MATRIX_B_BYTES];
	_Alignas(64) uint8_t bounce[2 * MATRIX_B_BYTES];
	_Alignas(64) uint32_t acc[MATRIX_ACC];
	_Alignas(64) float addend[MATRIX_PANEL];
	_Alignas(64) uint8_t row[MATRIX_PANEL * sizeof(float)];
};
/* NULL when the host has no memory left. */
struct matrix_scratch *matrix_scratch_get(void);

/* A contiguous piece of an operand, remembered so that the next look-up is a comparison. */
struct matrix_run {
	uint64_t va;
	uint64_t bytes;
	uint8_t *host;
};

struct matrix_op {
	struct engine *e;
	const struct axon_matrix_desc *d;
	const struct matrix_path *path;
	struct matrix_scratch *scratch;
	enum matrix_rule rule;
	bool update;	   /* reads what it writes: never left half-way */
	uint64_t b_stride; /* natural stride filled in */
	struct matrix_run b_run, c_run, addend_run;
	uint64_t written_va, written_bytes; /* not yet reported to the host */
};

int matrix_dense_run(struct matrix_op *op);
int matrix_block_run(struct matrix_op *op);

/* True when the operation is to be left now. */
static inline bool matrix_stopped(const struct matrix_op *op)
{
	return engine_stopped(op->e, !op->update);
}

/* matrix_io.c */

/* Host address of row m of A, which matrix.c has checked. */
const uint8_t *matrix_a_row(const struct matrix_op *op, unsigned int m);
/*
 * Host address of an operand's byte va, with *run = the bytes, at least 1, that follow contiguously; of
 * them `bytes` are wanted. 0 or a cause.
 */
int matrix_resolve(struct matrix_op *op, struct matrix_run *cache, uint64_t va, uint64_t bytes,
		   enum engine_access access, uint8_t **host, uint64_t *run);
/* A rectangle of B: `count` pieces of `bytes` bytes, stride bytes apart. In place where that is
 * contiguous, else copied to bounce, pieces *view_stride apart. */
int matrix_rect(struct matrix_op *op, uint64_t va, uint64_t stride, unsigned int count,
		uint64_t bytes, uint8_t *bounce, const uint8_t **view, size_t *view_stride);
/* Accumulators of a panel of `rows` rows from m and `cols` columns from n: zero, or C. */
int matrix_load(struct matrix_op *op, unsigned int m, unsigned int rows, unsigned int n,
		unsigned int cols, uint32_t *acc, size_t acc_stride);
/* Scale, addend, cast and store. */
int matrix_store(struct matrix_op *op, unsigned int m, unsigned int rows, unsigned int n,
		 unsigned int cols, const uint32_t *acc, size_t acc_stride);
/* Tells the host what was written so far. */
void matrix_flush_written(struct matrix_op *op);

#endif
