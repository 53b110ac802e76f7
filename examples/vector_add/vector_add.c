// SPDX-License-Identifier: MIT
/* c = a + b, one block of elements in each workgroup. */
#include <axon.h>
#include "vector_add.h"

AXON_KERNEL void vector_add(const struct vector_add_args *args, uint32_t x, uint32_t y, uint32_t z)
{
	const float *a = (const float *)args->a, *b = (const float *)args->b;
	float *c = (float *)args->c;
	uint32_t first = x * VECTOR_ADD_BLOCK, end = first + VECTOR_ADD_BLOCK;

	(void)y, (void)z;
	for (uint32_t i = first; i < end && i < args->n; i++)
		c[i] = a[i] + b[i];
}
