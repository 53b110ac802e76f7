/* SPDX-License-Identifier: MIT */
/* The kernel set in AVX2. */
#define KERNELS vector_avx2
#include "vector_impl.h"
