/* SPDX-License-Identifier: MIT */
/* Which inner loops this host runs. */
#include <pthread.h>
#include <stdatomic.h>

#include "matrix_impl.h"

static const struct matrix_path *available[MATRIX_NUM_PATHS] = { &matrix_path_portable };
static _Atomic(const struct matrix_path *) selected;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find(void)
{
	const struct matrix_path *best = NULL;

	for (unsigned int i = 0; i < MATRIX_NUM_PATHS; i++)
		if (available[i])
			best = available[i];
	atomic_store(&selected, best);
}

const struct matrix_path *matrix_path(void)
{
	pthread_once(&once, find);
	return atomic_load_explicit(&selected, memory_order_relaxed);
}

bool matrix_select(enum matrix_path_id id)
{
	pthread_once(&once, find);
	if (!available[id])
		return false;
	atomic_store(&selected, available[id]);
	return true;
}
