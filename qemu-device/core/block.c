/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "block.h"
#include "convert.h"

#define COLS AXON_TILE_COLS

/* ---- the packed side, generic ------------------------------------------------------------ */
bool block_format_valid(uint32_t fmt)
{
	const unsigned int bits = AXON_FMT_BITS(fmt), sub = AXON_FMT_SUB(fmt);
	const unsigned int scale = AXON_FMT_SCALE(fmt), min = AXON_FMT_MIN(fmt);

	if ((bits != 4 && bits != 5 && bits != 6 && bits != 8) || AXON_FMT_ZERO(fmt) >> bits)
		return false;
	switch (scale) {
	case AXON_SCALE_F16:
		return sub == 32 && (min == AXON_MIN_NONE || min == AXON_MIN_F16);
	case AXON_SCALE_U6:
	case AXON_SCALE_S8:
		return (sub == 16 || sub == 32) && (min == AXON_MIN_NONE || min == AXON_MIN_U6);
	}
	return false;
}

static uint16_t load_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Where the parts of a record begin; mn == quants and sc == mn when there are none. */
struct parts {
	unsigned int subs;	/* sub-blocks with a scale of their own; 0 for SCALE_F16 */
	size_t m, sc, mn, quants;
};

static struct parts parts_of(uint32_t fmt)
{
	struct parts p = { .m = 2 * COLS, .sc = 2 * COLS };

	if (AXON_FMT_MIN(fmt) != AXON_MIN_NONE)
		p.sc += 2 * COLS;
	if (AXON_FMT_SCALE(fmt) != AXON_SCALE_F16)
		p.subs = 256 / AXON_FMT_SUB(fmt);
	p.mn = p.sc + p.subs * COLS;
	p.quants = AXON_FMT_HEAD(fmt);
	return p;
}

void block_scales(uint32_t fmt, const uint8_t *record, unsigned int column, struct block_scales *s)
{
	const struct parts p = parts_of(fmt);

	memset(s, 0, sizeof(*s));
	s->sc[0] = 1;
	s->d = f16_to_f32(load_u16(record + 2 * column));
	if (AXON_FMT_MIN(fmt) != AXON_MIN_NONE)
		s->m = f16_to_f32(load_u16(record + p.m + 2 * column));
	for (unsigned int i = 0; i < p.subs; i++) {
		const uint8_t sc = record[p.sc + i * COLS + column];

		s->sc[i] = AXON_FMT_SCALE(fmt) == AXON_SCALE_S8 ? (int8_t)sc : sc;
		if (AXON_FMT_MIN(fmt) == AXON_MIN_U6)
			s->mn[i] = record[p.mn + i * COLS + column];
	}
}

void block_quants(uint32_t fmt, const uint8_t *record, unsigned int column, unsigned int group,
		  uint8_t q[32])
{
	const unsigned int bits = AXON_FMT_BITS(fmt);
	const uint8_t *low = record + AXON_FMT_HEAD(fmt) + group * 64 * bits;
	const uint8_t *high = low + 256;

	for (unsigned int k = 0; k < 32; k++) {
		const unsigned int g = k / 4, lane = 4 * column + k % 4;

		if (bits == 8) {
			q[k] = low[64 * g + lane];
			continue;
		}
		q[k] = low[64 * (g % 4) + lane] >> (g < 4 ? 0 : 4) & 15;
		if (bits == 5)
			q[k] |= (high[8 * g + lane / 8] >> lane % 8 & 1) << 4;
		else if (bits == 6)
			q[k] |= (high[64 * (g % 4 / 2) + lane] >> (4 * (g % 2) + 2 * (g / 4)) & 3) << 4;
	}
}

void block_decode(uint32_t fmt, const uint8_t *record, unsigned int column, float *w)
{
	const int zero = AXON_FMT_ZERO(fmt);
	struct block_scales s;
	uint8_t q[32];

	block_scales(fmt, record, column, &s);
	for (unsigned int k = 0; k < AXON_FMT_SUPER(fmt); k++, w++) {
		const unsigned int sub = k / AXON_FMT_SUB(fmt);
		const float scale = s.d * s.sc[sub];

		if (k % 32 == 0)
			block_quants(fmt, record, column, k / 32, q);
		*w = scale * (q[k % 32] - zero);
		if (AXON_FMT_MIN(fmt) == AXON_MIN_F16)
			*w += s.m;
		else if (AXON_FMT_MIN(fmt) == AXON_MIN_U6)
			*w -= s.m * s.mn[sub];
	}
}

/* ---- the GGUF side ----------------------------------------------------------------------- */
size_t block_gguf_bytes(uint32_t fmt)
{
	switch (fmt) {
	case AXON_FMT_Q4_0:
		return 18;
	case AXON_FMT_Q4_1:
		return 20;
	case AXON_FMT_Q5_0:
		return 22;
	case AXON_FMT_Q5_1:
		return 24;
	case AXON_FMT_Q8_0:
		return 34;
	case AXON_FMT_Q4_K:
		return 144;
	case AXON_FMT_Q5_K:
		return 176;
	case AXON_FMT_Q6_K:
		return 210;
	}
	return 0;
}

/* The twelve bytes of Q4_K's and Q5_K's eight 6-bit scales and eight 6-bit minima. */
static void unpack_k_scales(const uint8_t *p, uint8_t *sc, uint8_t *mn)
{
	for (unsigned int i = 0; i < 4; i++) {
		sc[i] = p[i] & 63;
		mn[i] = p[i + 4] & 63;
		sc[i + 4] = (p[i + 8] & 15) | p[i] >> 6 << 4;
		mn[i + 4] = p[i + 8] >> 4 | p[i + 4] >> 6 << 4;
	}
}

/* The unsigned quants of k = 32·group and on. */
static void gguf_quants(uint32_t fmt, const uint8_t *b, unsigned int group, uint8_t q[32])
{
	const unsigned int head = AXON_FMT_MIN(fmt) == AXON_MIN_F16 ? 4 : 2;
	const unsigned int half = group % 2 * 4;
	const uint8_t *low, *high;
	uint32_t bits = 0;

	switch (fmt) {
	case AXON_FMT_Q5_0:
	case AXON_FMT_Q5_1:
		memcpy(&bits, b + head, sizeof(bits));
		low = b + head + 4;
		break;
	case AXON_FMT_Q4_K:
		low = b + 16 + group / 2 * 32;
		break;
	case AXON_FMT_Q5_K:
		low = b + 48 + group / 2 * 32;
		break;
	case AXON_FMT_Q6_K:
		/* each half of 128: low nibbles of groups 0, 1, then their high nibbles: 2, 3 */
		low = b + group / 4 * 64 + group % 2 * 32;
		high = b + 128 + group / 4 * 32;
		for (unsigned int k = 0; k < 32; k++)
			q[k] = (low[k] >> group % 4 / 2 * 4 & 15) | (high[k] >> group % 4 * 2 & 3) << 4;
		return;
	case AXON_FMT_Q8_0:
		for (unsigned int k = 0; k < 32; k++)
			q[k] = b[2 + k] ^ 0x80;
		return;
	default:
		low = b + head;
	}
	if (AXON_FMT_SUPER(fmt) == 256) {
		for (unsigned int k = 0; k < 32; k++) {
			q[k] = low[k] >> half & 15;
			if (fmt == AXON_FMT_Q5_K)
				q[k] |= (b[16 + k] >> group & 1) << 4;
		}
		return;
	}
	for (unsigned int k = 0; k < 16; k++) {
		q[k] = (low[k] & 15) | (bits >> k & 1) << 4;
		q[k + 16] = low[k] >> 4 | (bits >> (k + 16) & 1) << 4;
	}
}

/* The inverse of block_quants(). */
static void put_quants(uint32_t fmt, uint8_t *record, unsigned int column, unsigned int group,
		       const uint8_t q[32])
{
	const unsigned int bits = AXON_FMT_BITS(fmt);
	uint8_t *low = record + AXON_FMT_HEAD(fmt) + group * 64 * bits;
	uint8_t *high = low + 256;

	for (unsigned int g = 0; g < 8; g++, q += 4) {
		uint8_t *lane = low + 64 * (bits == 8 ? g : g % 4) + 4 * column;

		for (unsigned int i = 0; i < 4; i++) {
			const unsigned int l = 4 * column + i;

			if (bits == 8)
				lane[i] = q[i];
			else
				lane[i] |= (q[i] & 15) << (g < 4 ? 0 : 4);
			if (bits == 5)
				high[8 * g + l / 8] |= (q[i] >> 4) << l % 8;
			else if (bits == 6)
				high[64 * (g % 4 / 2) + l] |= (q[i] >> 4)
							      << (4 * (g % 2) + 2 * (g / 4));
		}
	}
}

static void put_scales(uint32_t fmt, uint8_t *record, unsigned int column, const uint8_t *b)
{
	const struct parts p = parts_of(fmt);
	uint8_t sc[16], mn[16];

	if (fmt == AXON_FMT_Q6_K) {
		memcpy(record + 2 * column, b + 208, 2);
		memcpy(sc, b + 192, 16);
	} else {
		memcpy(record + 2 * column, b, 2);
		if (AXON_FMT_MIN(fmt) != AXON_MIN_NONE)
			memcpy(record + p.m + 2 * column, b + 2, 2);
		if (p.subs)
			unpack_k_scales(b + 4, sc, mn);
	}
	for (unsigned int i = 0; i < p.subs; i++) {
		record[p.sc + i * COLS + column] = sc[i];
		if (AXON_FMT_MIN(fmt) == AXON_MIN_U6)
			record[p.mn + i * COLS + column] = mn[i];
	}
}

void block_pack(uint32_t fmt, uint8_t *record, unsigned int column, const uint8_t *gguf)
{
	uint8_t q[32];

	put_scales(fmt, record, column, gguf);
	for (unsigned int group = 0; group < AXON_FMT_SUPER(fmt) / 32; group++) {
		gguf_quants(fmt, gguf, group, q);
		put_quants(fmt, record, column, group, q);
	}
}
