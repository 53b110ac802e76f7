/* SPDX-License-Identifier: MIT */
/* Numbers byte strings in the order in which they are first seen. */
#ifndef AXON_RUNTIME_INTERN_H
#define AXON_RUNTIME_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern {
	uint32_t n, cap;
	struct interned {
		size_t at; /* in bytes */
		uint32_t len, hash;
	} * strings;
	char *bytes;
	size_t used, room; /* of bytes */
	uint32_t *slots;   /* number + 1; 0: empty */
	uint32_t mask;
};

/* A zeroed struct is an empty table. */
void intern_free(struct intern *t);

/*
 * The number of these bytes, which are copied; the former t->n when they are new. Returns 0 or
 * -ENOMEM.
 */
int intern_add(struct intern *t, const void *bytes, uint32_t len, uint32_t *number);

/* What has this number; valid until the next intern_add(). */
static inline const char *intern_bytes(const struct intern *t, uint32_t number)
{
	return t->bytes + t->strings[number].at;
}

#endif
