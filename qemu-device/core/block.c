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
	case AXON_SCALE_F16: return sub == 32 && (min == AXON_MIN_NONE || min == AXON_MIN_F16);
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
	unsigned int subs; /* sub-blocks with a scale of their own; 0 for SCALE_F16 */
	size_t m, sc, mn, quants;
};

static struct parts parts_of(uint32_t fmt)
{
	struct parts p = {.m = 2 * COLS, .sc = 2 * COLS};

	if (AXON_FMT_MIN(fmt) != AXON_MIN_NONE)
		p.sc += 2 * COLS;
	if (AXON_FMT_SCALE(fmt) != AXON_SCALE_F16)
		p.subs = AXON_FMT_SUB(fmt) == 16 ? 16 : 8;
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

/* Eight bytes, or four, as one number: byte i in bits 8·i and on. */
static uint64_t load_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void store_u64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

static uint32_t load_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void store_u32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

#define BYTES(x) ((x)*0x0101010101010101ull) /* x in each byte */

/* Bit i of the low four in byte i, and back. */
static uint32_t spread_nibble(uint32_t bits)
{
	return (bits & 15) * 0x00204081u & 0x01010101u;
}

static uint32_t gather_nibble(uint32_t bytes)
{
	return (bytes & 0x01010101u) * 0x01020408u >> 24 & 15;
}

void block_quants(uint32_t fmt, const uint8_t *record, unsigned int column, unsigned int group,
		  uint8_t q[32])
{
	const unsigned int bits = AXON_FMT_BITS(fmt);
	const uint8_t *low = record + AXON_FMT_HEAD(fmt) + group * 64 * bits;
	const uint8_t *high = low + 256;

	for (unsigned int g = 0; g < 8; g++) {
		const uint32_t lanes = load_u32(low + 64 * (bits == 8 ? g : g % 4) + 4 * column);
		uint32_t v = bits == 8 ? lanes : lanes >> (g < 4 ? 0 : 4) & 0x0f0f0f0fu;

		if (bits == 5)
			v |= spread_nibble(high[8 * g + column / 2] >> column % 2 * 4) << 4;
		else if (bits == 6)
			v |= (load_u32(high + 64 * (g % 4 / 2) + 4 * column) >>
				      (4 * (g % 2) + 2 * (g / 4)) &
			      0x03030303u)
			     << 4;
		store_u32(q + 4 * g, v);
	}
}

void block_decode(uint32_t fmt, const uint8_t *record, unsigned int column, float *w)
{
	const int zero = AXON_FMT_ZERO(fmt), sub = AXON_FMT_SUB(fmt);
	struct block_scales s;
	uint8_t q[32];

	block_scales(fmt, record, column, &s);
	for (unsigned int k = 0; k < AXON_FMT_SUPER(fmt); k += sub, w += sub) {
		const float scale = s.d * s.sc[k / sub];
		const float minimum = AXON_FMT_MIN(fmt) == AXON_MIN_U6 ? s.m * -s.mn[k / sub] : s.m;

		if (k % 32 == 0)
			block_quants(fmt, record, column, k / 32, q);
		for (int i = 0; i < sub; i++)
			w[i] = scale * (q[k % 32 + i] - zero);
		for (int i = 0; i < sub && AXON_FMT_MIN(fmt) != AXON_MIN_NONE; i++)
			w[i] += minimum;
	}
}

/* ---- the GGUF side ----------------------------------------------------------------------- */
size_t block_gguf_bytes(uint32_t fmt)
{
	switch (fmt) {
	case AXON_FMT_Q4_0: return 18;
	case AXON_FMT_Q4_1: return 20;
	case AXON_FMT_Q5_0: return 22;
	case AXON_FMT_Q5_1: return 24;
	case AXON_FMT_Q8_0: return 34;
	case AXON_FMT_Q4_K: return 144;
	case AXON_FMT_Q5_K: return 176;
	case AXON_FMT_Q6_K: return 210;
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

/* Bit i of `bits` in byte i. */
static uint64_t spread_byte(uint32_t bits)
{
	return ((BYTES(bits & 0xffull) & 0x8040201008040201ull) + BYTES(0x7full)) >> 7 &
	       BYTES(1ull);
}

/* The unsigned quants of Q4_0, Q4_1, Q5_0, Q5_1: low nibbles are k = 0..15, high ones 16..31. */
static void gguf_quants_32(uint32_t fmt, const uint8_t *b, uint8_t q[32])
{
	const uint8_t *low = b + (AXON_FMT_MIN(fmt) == AXON_MIN_F16 ? 4 : 2);
	uint32_t fifth = 0;

	if (AXON_FMT_BITS(fmt) == 5) {
		fifth = load_u32(low);
		low += 4;
	}
	for (unsigned int k = 0; k < 16; k += 8) {
		const uint64_t v = load_u64(low + k);

		store_u64(q + k, (v & BYTES(15ull)) | spread_byte(fifth >> k) << 4);
		store_u64(q + k + 16, (v >> 4 & BYTES(15ull)) | spread_byte(fifth >> (k + 16))
									<< 4);
	}
}

/* The unsigned quants of k = 32·group and on. */
static void gguf_quants(uint32_t fmt, const uint8_t *b, unsigned int group, uint8_t q[32])
{
	const uint8_t *low, *high = b;
	unsigned int shift = group % 2 * 4, high_shift = 0;
	uint64_t high_mask = 0;

	switch (fmt) {
	case AXON_FMT_Q8_0:
		for (unsigned int k = 0; k < 32; k += 8)
			store_u64(q + k, load_u64(b + 2 + k) ^ BYTES(0x80ull));
		return;
	case AXON_FMT_Q4_K: low = b + 16 + group / 2 * 32; break;
	case AXON_FMT_Q5_K:
		low = b + 48 + group / 2 * 32;
		high = b + 16;
		high_shift = group;
		high_mask = BYTES(1ull);
		break;
	case AXON_FMT_Q6_K:
		/* each half of 128: low nibbles of groups 0, 1, then their high nibbles: 2, 3 */
		low = b + group / 4 * 64 + group % 2 * 32;
		shift = group % 4 / 2 * 4;
		high = b + 128 + group / 4 * 32;
		high_shift = group % 4 * 2;
		high_mask = BYTES(3ull);
		break;
	default: gguf_quants_32(fmt, b, q); return;
	}
	for (unsigned int k = 0; k < 32; k += 8)
		store_u64(q + k, (load_u64(low + k) >> shift & BYTES(15ull)) |
					 (load_u64(high + k) >> high_shift & high_mask) << 4);
}

/* The inverse of block_quants(). */
static void put_quants(uint32_t fmt, uint8_t *record, unsigned int column, unsigned int group,
		       const uint8_t q[32])
{
	const unsigned int bits = AXON_FMT_BITS(fmt);
	uint8_t *low = record + AXON_FMT_HEAD(fmt) + group * 64 * bits + 4 * column;
	uint8_t *high = low - 4 * column + 256;
	uint32_t v[8];

	memcpy(v, q, sizeof(v));
	for (unsigned int g = 0; g < 8 && bits == 8; g++)
		store_u32(low + 64 * g, v[g]);
	for (unsigned int g = 0; g < 4 && bits != 8; g++)
		store_u32(low + 64 * g, (v[g] & 0x0f0f0f0fu) | (v[g + 4] & 0x0f0f0f0fu) << 4);
	for (unsigned int g = 0; g < 8 && bits == 5; g++)
		high[8 * g + column / 2] |= gather_nibble(v[g] >> 4) << column % 2 * 4;
	for (unsigned int g = 0; g < 4 && bits == 6; g += 2)
		store_u32(high + 32 * g + 4 * column, (v[g] >> 4 & 0x03030303u) |
							      (v[g + 4] >> 4 & 0x03030303u) << 2 |
							      (v[g + 1] >> 4 & 0x03030303u) << 4 |
							      (v[g + 5] >> 4 & 0x03030303u) << 6);
}

static void put_scales(uint32_t fmt, uint8_t *record, unsigned int column, const uint8_t *b)
{
	const struct parts p = parts_of(fmt);
	uint8_t sc[16] = {0}, mn[16] = {0};

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
