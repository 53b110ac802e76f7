/* SPDX-License-Identifier: MIT */
/* The rotary embedding's cosines and sines. */
#ifndef AXON_RUNTIME_ROPE_TABLE_H
#define AXON_RUNTIME_ROPE_TABLE_H

#include <stdint.h>

/*
 * cos and sin are float[positions][pairs]: of scale · position · base^(-i / pairs) / factors[i] for pair
 * i. factors may be NULL (all 1). Returns 0 or -ENOMEM.
 * (Su et al., RoFormer, 2021, section 3.2.2.)
 */
int rope_table_fill(float *cos, float *sin, uint32_t positions, uint32_t pairs, float base,
		    float scale, const float *factors);

#endif
