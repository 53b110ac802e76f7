/* SPDX-License-Identifier: MIT */
/* The kernel set in AVX-512. */
#define KERNELS vector_avx512
#include "vector_impl.h"
