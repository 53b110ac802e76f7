/* SPDX-License-Identifier: MIT */
/* The kernel set in plain C. */
#define KERNELS vector_portable
#include "vector_impl.h"
