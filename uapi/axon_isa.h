/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * What a program on an axon core sees: the local address map, the custom instructions and the
 * engines' descriptors. docs/hardware.md explains each and fixes the arithmetic; this file is
 * the only copy of the numbers. Little-endian throughout.
 */
#ifndef AXON_ISA_H
#define AXON_ISA_H

#include <linux/types.h>

/* ---- the core's addresses ---------------------------------------------------------------- */
#define AXON_LOCAL_END		0x100000000ull	/* below: this core; at and above: queue's VA */
#define AXON_SRAM_BASE		0x10000000u
#define AXON_SRAM_DEFAULT	0x400000u	/* bytes, CSR_SRAM_SIZE tells */
#define AXON_STACK_SIZE		0x10000u	/* top of SRAM, sp starts at its end */
#define AXON_EXIT_PC		0x100u		/* ra at workgroup start: returning ends it */

/* At workgroup start a0 = argument address, a1..a3 = workgroup x, y, z; the rest is zero. */

/* read-only CSRs beside cycle, time and instret */
#define AXON_CSR_CORE		0xcc0
#define AXON_CSR_NUM_CORES	0xcc1
#define AXON_CSR_SRAM_SIZE	0xcc2
#define AXON_CSR_GRID_X		0xcc3
#define AXON_CSR_GRID_Y		0xcc4
#define AXON_CSR_GRID_Z		0xcc5

/* ---- custom-0 instructions: .insn r 0x0b, funct3, funct7, rd, rs1, rs2 ------------------- */
#define AXON_OPCODE_CUSTOM0	0x0b
#define AXON_INSN_ISSUE		0	/* funct7 = engine (0 DMA, 1 matrix, 2 vector); rs1 = descriptor
					 * address, 8-byte aligned; rd = token */
#define AXON_INSN_WAIT		1	/* rs1 = token, 0 returns at once */
#define AXON_INSN_FENCE		2	/* wait for everything issued by this workgroup */
#define AXON_INSN_LOG		3	/* append rs2 bytes at rs1 to the launch's log */

/* A token: engine + 1 in bits 63..60, the engine's sequence number (from 1) below; 0 = none. */
#define AXON_TOKEN(engine, seq)	(((__u64)(engine) + 1) << 60 | (seq))
#define AXON_TOKEN_ENGINE(t)	((unsigned int)((t) >> 60) - 1)
#define AXON_TOKEN_SEQ(t)	((t) & 0x0fffffffffffffffull)

/* ---- element types ----------------------------------------------------------------------- */
enum axon_type {
	AXON_F32,
	AXON_BF16,
	AXON_F16,
	AXON_I8,
	AXON_U8,
	AXON_I32,
	AXON_Q8A,	/* quantised activations: rows of struct axon_q8a */
	AXON_BLOCK,	/* packed block format, described by a format word */
	AXON_NUM_TYPES
};

/* Thirty-two consecutive elements of a row, q = round(x / scale), |q| <= 127. */
struct axon_q8a {
	float scale;	/* max |x| / 127; 0 when all are zero */
	__s16 sum[2];	/* of q[0..15] and of q[16..31] */
	__s8 q[32];
};
_Static_assert(sizeof(struct axon_q8a) == 40, "axon_q8a");

/*
 * Block formats. A weight is w = s·(q − zero) + m with q an unsigned number of `bits` bits:
 *   AXON_SCALE_F16   s = d            one fp16 d for each 32
 *   AXON_SCALE_U6    s = d·sc         fp16 d for each 256, sc unsigned 6-bit for each sub-block
 *   AXON_SCALE_S8    s = d·sc         as U6 with sc signed 8-bit
 *   AXON_MIN_NONE    m = 0
 *   AXON_MIN_F16     m                one fp16 for each 32
 *   AXON_MIN_U6      m = −dmin·mn     fp16 dmin for each 256, mn unsigned 6-bit for each sub-block
 */
enum axon_scale_kind { AXON_SCALE_F16, AXON_SCALE_U6, AXON_SCALE_S8 };
enum axon_min_kind { AXON_MIN_NONE, AXON_MIN_F16, AXON_MIN_U6 };

#define AXON_FMT(bits, zero, sub, scale, min) \
	((__u32)(bits) | (__u32)(zero) << 8 | (__u32)(sub) << 16 | (__u32)(scale) << 24 | (__u32)(min) << 28)
#define AXON_FMT_BITS(f)	((f) & 0xff)		/* 4, 5, 6 or 8 */
#define AXON_FMT_ZERO(f)	((f) >> 8 & 0xff)
#define AXON_FMT_SUB(f)		((f) >> 16 & 0xff)	/* 16 or 32 */
#define AXON_FMT_SCALE(f)	((f) >> 24 & 0xf)
#define AXON_FMT_MIN(f)		((f) >> 28)

/* The GGUF types' formats. */
#define AXON_FMT_Q4_0		AXON_FMT(4, 8, 32, AXON_SCALE_F16, AXON_MIN_NONE)
#define AXON_FMT_Q4_1		AXON_FMT(4, 0, 32, AXON_SCALE_F16, AXON_MIN_F16)
#define AXON_FMT_Q5_0		AXON_FMT(5, 16, 32, AXON_SCALE_F16, AXON_MIN_NONE)
#define AXON_FMT_Q5_1		AXON_FMT(5, 0, 32, AXON_SCALE_F16, AXON_MIN_F16)
#define AXON_FMT_Q8_0		AXON_FMT(8, 128, 32, AXON_SCALE_F16, AXON_MIN_NONE)
#define AXON_FMT_Q4_K		AXON_FMT(4, 0, 32, AXON_SCALE_U6, AXON_MIN_U6)
#define AXON_FMT_Q5_K		AXON_FMT(5, 0, 32, AXON_SCALE_U6, AXON_MIN_U6)
#define AXON_FMT_Q6_K		AXON_FMT(6, 32, 16, AXON_SCALE_S8, AXON_MIN_NONE)

/*
 * The packed layout. Weights W[N][K] (N outputs) are tiles of 16 columns n; a tile is a sequence
 * of records, K ascending; a record covers 16 columns × 32 k (SCALE_F16) or × 256 k (others):
 *   d      fp16[16]
 *   m      fp16[16]                 MIN_F16: m; MIN_U6: dmin; absent for MIN_NONE
 *   sc     u8 or s8 [256/sub][16]   U6 and S8 only
 *   mn     u8 [256/sub][16]         MIN_U6 only
 *   quants for each 32 k in turn:   "lane" l = 4·column + k%4, group g = (k%32)/4
 *     8 bits: u8[8 groups][64 lanes]
 *     4, 5, 6 bits: u8 low[4][64]: byte [g%4][lane], low nibble for g < 4, high for g >= 4
 *     5 bits, then: u8 high[8][8]: bit lane of the little-endian 64-bit word g
 *     6 bits, then: u8 high[2][64]: byte [(g%4)/2][lane], bits 4·(g%2) + 2·(g/4) and the next
 * Tiles follow each other with AXON_TILE_BYTES(fmt, K). N is rounded up to 16 with d = m = 0.
 */
#define AXON_TILE_COLS		16
#define AXON_FMT_SUPER(f)	(AXON_FMT_SCALE(f) == AXON_SCALE_F16 ? 32u : 256u)
#define AXON_FMT_HEAD(f)                                                                 \
	(32u + (AXON_FMT_MIN(f) != AXON_MIN_NONE ? 32u : 0u) +                           \
	 (AXON_FMT_SCALE(f) != AXON_SCALE_F16 ? 4096u / AXON_FMT_SUB(f) : 0u) +          \
	 (AXON_FMT_MIN(f) == AXON_MIN_U6 ? 4096u / AXON_FMT_SUB(f) : 0u))
#define AXON_FMT_RECORD(f)	(AXON_FMT_HEAD(f) + AXON_FMT_SUPER(f) * 2u * AXON_FMT_BITS(f))
#define AXON_TILE_BYTES(f, k)	((__u64)(k) / AXON_FMT_SUPER(f) * AXON_FMT_RECORD(f))

/* ---- descriptors ------------------------------------------------------------------------- */
/* Every descriptor starts with this header and is copied when it is issued. */
struct axon_desc {
	__u8 op;
	__u8 flags;
	__u16 size;		/* bytes of the whole descriptor */
	__u32 reserved;
	__u64 wait[3];		/* tokens to wait for, 0 = none */
};
_Static_assert(sizeof(struct axon_desc) == 32, "axon_desc");

/* DMA engine */
enum axon_dma_op {
	AXON_DMA_COPY,		/* struct axon_dma_copy */
	AXON_DMA_FILL,		/* struct axon_dma_copy: src holds the element's bits */
	AXON_DMA_GATHER,	/* struct axon_dma_rows: dst row i = src row index[i] */
	AXON_DMA_SCATTER,	/* struct axon_dma_rows: dst row index[i] = src row i */
	AXON_DMA_PREFETCH,	/* struct axon_dma_copy: a hint, reads src, writes nothing */
	AXON_DMA_PACK,		/* struct axon_dma_pack: raw GGUF rows -> packed tiles */
	AXON_DMA_UNPACK,	/* struct axon_dma_pack: packed columns -> dense rows */
	AXON_DMA_OP_COUNT
};

/*
 * N-dimensional copy. Dimension 0 is the innermost. Element (i0..i5) moves from
 * src + Σ i·src_stride to dst + Σ i·dst_stride, converted from src_type to dst_type (nearest
 * even; to integers with saturation). With AXON_DMA_F_CLIP an element is read only where
 * 0 <= origin[d] + i_d < limit[d] in each dimension, and is zero elsewhere.
 * Types: F32, BF16, F16, I8, U8, I32; equal types copy bits.
 */
#define AXON_DMA_F_CLIP		(1u << 0)
#define AXON_DMA_DIMS		6
struct axon_dma_copy {
	struct axon_desc h;
	__u64 dst;
	__u64 src;
	__u8 dst_type;
	__u8 src_type;
	__u8 dims;		/* 1 to 6 */
	__u8 reserved0;
	__u32 reserved1;
	__u32 extent[AXON_DMA_DIMS];	/* each >= 1 for used dimensions; 0 moves nothing */
	__s64 dst_stride[AXON_DMA_DIMS];	/* bytes */
	__s64 src_stride[AXON_DMA_DIMS];	/* bytes */
	__s32 origin[AXON_DMA_DIMS];
	__u32 limit[AXON_DMA_DIMS];
};
_Static_assert(sizeof(struct axon_dma_copy) == 224, "axon_dma_copy");

struct axon_dma_rows {
	struct axon_desc h;
	__u64 dst;
	__u64 src;
	__u64 index;		/* of __u32[rows] */
	__s64 dst_stride;	/* bytes between rows */
	__s64 src_stride;
	__u32 rows;
	__u32 cols;		/* elements in a row */
	__u32 limit;		/* indices must be below this: AXON_FAULT_BAD_INDEX */
	__u8 dst_type;
	__u8 src_type;
	__u16 reserved;
};
_Static_assert(sizeof(struct axon_dma_rows) == 88, "axon_dma_rows");

/*
 * PACK: src holds `cols` rows W[n][0..k) as in a GGUF tensor (type AXON_BLOCK: GGUF blocks whose
 * packed format is `format`; F32, F16, BF16: plain rows), src_stride bytes apart; dst receives
 * packed tiles from column 0 on, or for dense dst_type the AXON_B_PACKED layout (conversion
 * allowed). The last tile is padded with zero columns.
 * UNPACK: src is the packed matrix's first tile; columns index[i] (or first + i when index = 0)
 * become rows i of dst, dst_type F32, BF16 or F16, `k` elements, dst_stride bytes apart; with
 * AXON_DMA_F_TRANSPOSE they become columns: element k of column i at dst + k·dst_stride + i·size.
 */
#define AXON_DMA_F_TRANSPOSE	(1u << 1)
struct axon_dma_pack {
	struct axon_desc h;
	__u64 dst;
	__u64 src;
	__u64 index;		/* UNPACK: of __u32[cols], or 0 */
	__s64 dst_stride;
	__s64 src_stride;	/* PACK */
	__u64 tile_stride;	/* bytes between packed tiles; 0 = natural */
	__u32 k;
	__u32 cols;
	__u32 first;		/* UNPACK without index */
	__u32 limit;		/* UNPACK: columns of the packed matrix */
	__u32 format;		/* for AXON_BLOCK */
	__u8 dst_type;
	__u8 src_type;
	__u16 reserved;
};
_Static_assert(sizeof(struct axon_dma_pack) == 104, "axon_dma_pack");

/* Matrix engine: C = drain(A · B) */
enum axon_matrix_op { AXON_MATRIX_MUL, AXON_MATRIX_OP_COUNT };

enum axon_b_layout {
	AXON_B_ROWS,		/* B[k][n]: rows b_stride bytes apart, n contiguous */
	AXON_B_COLS,		/* B[n][k]: transposed, columns b_stride bytes apart, k contiguous */
	AXON_B_PACKED,		/* tiles of 16 columns, b_stride bytes apart (0 = natural):
				 * AXON_BLOCK as above; F32, F16 [k][16]; BF16 [k/2][16][2];
				 * I8 [k/4][16][4]; k padded with zeros */
};

#define AXON_MATRIX_F_ACCUMULATE (1u << 0)	/* accumulators start at C (c_type F32, or I32 for I8) */
#define AXON_MATRIX_F_ADDEND	(1u << 1)	/* add `addend` on the drain */
#define AXON_MATRIX_F_ADDEND_ROW (1u << 2)	/* addend is one row (a bias), addend_stride unused */

/*
 * Row m of A is at a + (m / a_m0)·a_s1 + (m % a_m0)·a_s0 (a_m0 = 0: a + m·a_s0).
 * a_type × b_type: {F32, F16, BF16} × {F32, F16, BF16}; BF16 × BF16 uses the bf16 rule, the others
 * convert to fp32; I8 × I8 accumulates in int32; Q8A × BLOCK uses the block rule.
 * Drain: v = acc (I8: converted to fp32 unless c_type is I32); v = v·scale; v = v + addend; cast
 * to c_type (F32, BF16, F16; I32 only for I8, where scale and addend are not allowed).
 */
struct axon_matrix_desc {
	struct axon_desc h;
	__u32 m, n, k;
	__u32 b_format;		/* for AXON_BLOCK */
	__u32 a;		/* SRAM */
	__u32 a_m0;
	__s32 a_s0;		/* bytes */
	__s32 a_s1;
	__u64 b;		/* SRAM or memory */
	__u64 b_stride;
	__u64 c;		/* SRAM or memory */
	__s64 c_stride;		/* bytes between rows */
	__u64 addend;		/* SRAM or memory */
	__s64 addend_stride;
	__u8 a_type, b_type, c_type, addend_type;	/* addend: F32, BF16, F16 */
	__u8 b_layout;
	__u8 reserved0[3];
	float scale;
	__u32 reserved1;
};
_Static_assert(sizeof(struct axon_matrix_desc) == 128, "axon_matrix_desc");

/*
 * Vector engine: one descriptor is a program run over `rows` × `cols` elements. Strip registers
 * v0..v15 (numbers 0..15) hold one 32-bit value for each column of the current strip; row
 * registers r0..r15 (numbers 16..31) one for the row. Instructions run in passes that
 * AXON_V_PASS separates; in each pass every instruction that names a strip register as
 * destination, or stores, or reduces, runs for all columns; then the pass's reductions are
 * final and the instructions whose destination is a row register run once, in order. Strip
 * registers do not survive a pass; row registers are zero at the start of each row.
 */
#define AXON_V_STRIPS		16
#define AXON_V_OPERANDS		6
#define AXON_V_INSNS		32
#define AXON_V_TOPK_MAX		64
#define AXON_R(n)		(16 + (n))

/*
 * Element (r, c) of an operand is at addr + (r / row_div)·outer_stride + (r % row_div)·row_stride
 * + c·col_stride (row_div = 0: addr + r·row_stride + c·col_stride). A stride of 0 broadcasts.
 */
struct axon_vector_operand {
	__u64 addr;		/* SRAM or memory */
	__s64 row_stride;	/* bytes */
	__s64 outer_stride;
	__u32 row_div;
	__s32 col_stride;	/* bytes; Q8A: unused */
	__u32 limit;		/* GATHER, SCATTER_ADD: indices must be below */
	__u8 type;		/* F32, BF16, F16, I8, U8, I32; Q8A for QUANT */
	__u8 flags;		/* AXON_VO_* */
	__u16 reserved;
};
_Static_assert(sizeof(struct axon_vector_operand) == 40, "axon_vector_operand");

#define AXON_VO_STOCHASTIC	(1u << 0)	/* stores to BF16 and F16 round stochastically */

/*
 * X(name, sources, text). Floating-point unless said; compare results are all ones or zero.
 * LOAD, STORE, QUANT, GATHER, SCATTER_ADD, TOPK name an operand: LOAD and GATHER in `a`, the
 * others in `dst`. I32 operands load and store bits; I8 and U8 load as integers, converted to
 * fp32, and store with nearest rounding and saturation. A STORE of a row register stores one
 * element for the row, at column 0, among the instructions that run once after the pass.
 */
#define AXON_V_LIST(X)                                                              \
	X(PASS, 0, "end of pass")                                                   \
	X(LOAD, 0, "dst = operand a")                                               \
	X(STORE, 1, "operand dst = b")                                              \
	X(QUANT, 1, "operand dst (Q8A) = quantised b; cols a multiple of 32")       \
	X(GATHER, 1, "dst = operand a at index b (unsigned, in elements of col_stride)") \
	X(SCATTER_ADD, 2, "operand dst (F32) at index b += c, columns ascending")   \
	X(CONST, 0, "dst = imm")                                                    \
	X(MOV, 1, "dst = a")                                                        \
	X(ADD, 2, "a + b") X(SUB, 2, "a - b") X(MUL, 2, "a * b") X(DIV, 2, "a / b") \
	X(FMA, 3, "a * b + c, one rounding")                                        \
	X(ADDI, 1, "a + imm") X(MULI, 1, "a * imm")                                 \
	X(MIN, 2, "IEEE 754-2019 minimumNumber") X(MAX, 2, "maximumNumber")         \
	X(NEG, 1, "-a") X(ABS, 1, "|a|") X(FLOOR, 1, "floor") X(RINT, 1, "nearest even") \
	X(SQRT, 1, "square root") X(RSQRT, 1, "1 / sqrt a, both rounded") X(RCP, 1, "1 / a") \
	X(EXP, 1, "polynomial") X(LOG, 1, "polynomial") X(TANH, 1, "polynomial")    \
	X(ERF, 1, "polynomial") X(SIGMOID, 1, "1 / (1 + exp(-a))")                  \
	X(LT, 2, "a < b") X(LE, 2, "a <= b") X(EQ, 2, "a == b")                     \
	X(SELECT, 3, "c has its top bit set ? a : b")                               \
	X(IADD, 2, "int32 a + b") X(ISUB, 2, "int32") X(IMUL, 2, "int32")           \
	X(ILT, 2, "int32 a < b") X(IEQ, 2, "int32 a == b")                          \
	X(AND, 2, "bits") X(OR, 2, "bits") X(XOR, 2, "bits")                        \
	X(SHL, 1, "a << imm") X(SHR, 1, "logical a >> imm") X(SAR, 1, "arithmetic a >> imm") \
	X(F2I, 1, "nearest even, saturating; NaN gives 0") X(I2F, 1, "nearest even") \
	X(COL, 0, "column number as int32") X(ROW, 0, "row number as int32")        \
	X(AFFINE, 0, "imm2[15:0]·row + imm2[31:16]·col + imm >= 0, signed")         \
	X(RSUM, 1, "row dst = sum of a") X(RMAX, 1, "row dst = maximum of a")       \
	X(RMIN, 1, "row dst = minimum of a") X(RSUMSQ, 1, "row dst = sum of a*a")   \
	X(RARGMAX, 1, "row dst = int32 column of the first maximum of a")           \
	X(TOPK, 1, "operand dst = imm largest of b: struct axon_topk, descending")  \
	X(SCAN, 1, "dst = inclusive sum of a over the row's columns, ascending")    \
	X(RANDOM, 0, "dst = Philox4x32-10 word of element row·cols + col, stream imm") \
	X(UNIFORM, 0, "RANDOM as fp32 in [0, 1): (word >> 8)·2^-24")

enum axon_vector_opcode {
#define AXON_V_ENUM(name, sources, text) AXON_V_##name,
	AXON_V_LIST(AXON_V_ENUM)
#undef AXON_V_ENUM
	AXON_V_OPCODE_COUNT
};

struct axon_vinsn {
	__u8 op;		/* enum axon_vector_opcode */
	__u8 dst;
	__u8 a, b, c;		/* for one source: a unless the list says b */
	__u8 reserved[3];
	union {
		__u32 imm;
		float fimm;
	};
	__u32 imm2;
};
_Static_assert(sizeof(struct axon_vinsn) == 16, "axon_vinsn");

struct axon_topk {
	float value;
	__u32 index;		/* equal values: the lower column first; unused entries -inf, ~0 */
};

enum axon_vector_op { AXON_VECTOR_RUN, AXON_VECTOR_OP_COUNT };

/* The descriptor: header and operands, then `insns` instructions right behind it. */
struct axon_vector_desc {
	struct axon_desc h;	/* size = sizeof this + insns * 16 */
	__u32 rows, cols;
	__u8 insns;		/* 1 to 32 */
	__u8 operands;		/* 0 to 6 used */
	__u16 reserved0;
	__u32 reserved1;
	__u64 seed;		/* Philox key */
	__u64 counter;		/* Philox counter word 3, below 2^32 */
	struct axon_vector_operand operand[AXON_V_OPERANDS];
	struct axon_vinsn insn[];
};
_Static_assert(sizeof(struct axon_vector_desc) == 304, "axon_vector_desc");

#endif
