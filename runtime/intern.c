// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "intern.h"
#include "tokenizer_priv.h"

#define FIRST_STRINGS 256 /* a power of two; there are twice as many slots */
#define FIRST_BYTES   4096

void intern_free(struct intern *t)
{
	free(t->strings);
	free(t->bytes);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

/* Twice as many strings; the slots are filled anew. */
static int grow_strings(struct intern *t)
{
	uint32_t room = t->cap ? 2 * t->cap : FIRST_STRINGS;
	void *strings = realloc(t->strings, room * sizeof(*t->strings));
	uint32_t *slots;

	if (!strings)
		return -ENOMEM;
	t->strings = strings;
	slots = calloc(2ull * room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(t->slots);
	t->slots = slots;
	t->cap = room;
	t->mask = 2 * room - 1;
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t slot = t->strings[i].hash & t->mask;

		while (slots[slot])
			slot = (slot + 1) & t->mask;
		slots[slot] = i + 1;
	}
	return 0;
}

static int grow_bytes(struct intern *t, uint32_t len)
{
	size_t room = t->room ? t->room : FIRST_BYTES;
	char *bytes;

	while (room - t->used < len)
		room *= 2;
	bytes = realloc(t->bytes, room);
	if (!bytes)
		return -ENOMEM;
	t->bytes = bytes;
	t->room = room;
	return 0;
}

static bool equal(const struct intern *t, uint32_t i, const void *bytes, uint32_t len,
		  uint32_t hash)
{
	const struct interned *s = &t->strings[i];

	return s->hash == hash && s->len == len && !memcmp(t->bytes + s->at, bytes, len);
}

int intern_add(struct intern *t, const void *bytes, uint32_t len, uint32_t *number)
{
	uint32_t hash = (uint32_t)strtab_hash(bytes, len, 0), slot;

	if (t->n == t->cap && (t->n > UINT32_MAX / 4 || grow_strings(t)))
		return -ENOMEM;
	for (slot = hash & t->mask; t->slots[slot]; slot = (slot + 1) & t->mask)
		if (equal(t, t->slots[slot] - 1, bytes, len, hash)) {
			*number = t->slots[slot] - 1;
			return 0;
		}
	if (t->room - t->used < len && grow_bytes(t, len))
		return -ENOMEM;
	memcpy(t->bytes + t->used, bytes, len);
	t->strings[t->n] = (struct interned){t->used, len, hash};
	t->used += len;
	t->slots[slot] = ++t->n;
	*number = t->n - 1;
	return 0;
}
