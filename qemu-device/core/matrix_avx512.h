/* SPDX-License-Identifier: MIT */
/* The AVX-512 path's parts, which matrix_avx512.c puts together. */
#ifndef AXON_MATRIX_AVX512_H
#define AXON_MATRIX_AVX512_H

#include "matrix_impl.h"

void matrix_f32_avx512(const struct matrix_dense *t);
void matrix_bf16_avx512(const struct matrix_dense *t);
void matrix_i8_avx512(const struct matrix_dense *t);
matrix_block_fn matrix_block_avx512(uint32_t format, unsigned int rows);
matrix_block_fn matrix_wide_avx512(uint32_t format, unsigned int rows, unsigned int tiles);
void matrix_widen_avx512(uint32_t format, uint8_t *dst, const uint8_t *src, unsigned int records);

#endif
