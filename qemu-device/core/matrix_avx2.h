/* SPDX-License-Identifier: MIT */
/* The AVX2 path's parts. */
#ifndef AXON_MATRIX_AVX2_H
#define AXON_MATRIX_AVX2_H

#include "matrix_impl.h"

matrix_block_fn matrix_block_avx2(uint32_t format, unsigned int rows);

#endif
