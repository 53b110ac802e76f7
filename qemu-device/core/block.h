/* SPDX-License-Identifier: MIT */
/*
 * Packed block formats (uapi/axon_isa.h, "The packed layout"): what a format word means, the way
 * from a GGUF block to a column of a packed record, and back to numbers. Everything but the GGUF
 * side is generic over the format word. This is the reference; it is not the fast path of a product.
 */
#ifndef AXON_BLOCK_H
#define AXON_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "axon_isa.h"

#define BLOCK_SUPER_MAX	 256  /* k covered by the longest record */
#define BLOCK_RECORD_MAX 4672 /* bytes; no valid format word's record is longer */

/* Whether fmt is a format that the layout describes. Everything below needs a valid one. */
bool block_format_valid(uint32_t fmt);

/* What scales one column of one record: w = d·sc[k / sub]·(q − zero) + minimum. */
struct block_scales {
	float d;
	float m;	/* MIN_F16: m; MIN_U6: dmin; MIN_NONE: 0 */
	int16_t sc[16]; /* 1 for SCALE_F16 */
	uint8_t mn[16]; /* MIN_U6 only, else 0 */
};
void block_scales(uint32_t fmt, const uint8_t *record, unsigned int column, struct block_scales *s);

/* The 32 unsigned quants of a column for k = 32·group .. 32·group + 31 of a record. */
void block_quants(uint32_t fmt, const uint8_t *record, unsigned int column, unsigned int group,
		  uint8_t q[32]);

/* One column of a record as AXON_FMT_SUPER(fmt) numbers: fp32(fp32(d·sc)·(q − zero)) + m. */
void block_decode(uint32_t fmt, const uint8_t *record, unsigned int column, float *w);

/* Bytes of the GGUF block of AXON_FMT_SUPER(fmt) weights; 0 when fmt is no GGUF type's format. */
size_t block_gguf_bytes(uint32_t fmt);

/* Puts one GGUF block in its column of a record whose bytes for that column are zero. */
void block_pack(uint32_t fmt, uint8_t *record, unsigned int column, const uint8_t *gguf);

#endif
