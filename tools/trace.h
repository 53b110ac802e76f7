/* SPDX-License-Identifier: MIT */
/* One token's way through all layers, with times. */
#ifndef AXON_TOOLS_TRACE_H
#define AXON_TOOLS_TRACE_H

#include <stddef.h>

#include "run.h"

/* Runs the prompt, then one decode step under observation, and prints what happened when. */
int trace_token(struct run *r, const int32_t *prompt, size_t n, struct axon_err *err);

#endif
