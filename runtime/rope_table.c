// SPDX-License-Identifier: MIT
/*
 * Sines are dear in the emulated guest, so position 64·a + b takes its angle from two short tables,
 * of a and of b, by the addition theorems, in double precision: exact to well below fp32's rounding.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "rope_table.h"

#define BLOCK 64

struct rotation {
	double cos, sin;
};

static void fill_rotations(struct rotation *r, uint32_t count, uint32_t step, double angle)
{
	for (uint32_t i = 0; i < count; i++)
		r[i] = (struct rotation){cos(angle * i * step), sin(angle * i * step)};
}

int rope_table_fill(float *cos_out, float *sin_out, uint32_t positions, uint32_t pairs, float base,
		    float scale, const float *factors)
{
	uint32_t blocks = (positions + BLOCK - 1) / BLOCK;
	struct rotation *coarse = malloc((blocks + BLOCK) * sizeof(*coarse)),
			*fine = coarse + blocks;

	if (!coarse)
		return -ENOMEM;
	for (uint32_t i = 0; i < pairs; i++) {
		double angle =
			scale * pow(base, -(double)i / pairs) / (factors ? factors[i] : 1.0f);

		fill_rotations(coarse, blocks, BLOCK, angle);
		fill_rotations(fine, BLOCK, 1, angle);
		for (uint32_t p = 0; p < positions; p++) {
			const struct rotation *c = &coarse[p / BLOCK], *f = &fine[p % BLOCK];

			cos_out[(uint64_t)p * pairs + i] =
				(float)(c->cos * f->cos - c->sin * f->sin);
			sin_out[(uint64_t)p * pairs + i] =
				(float)(c->sin * f->cos + c->cos * f->sin);
		}
	}
	free(coarse);
	return 0;
}
