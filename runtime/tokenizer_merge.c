// SPDX-License-Identifier: MIT
/*
 * The loop that SentencePiece-style and BPE tokenizers share: start from single characters and
 * keep merging the neighbours with the best key until no two neighbours may merge.
 */
#include <errno.h>
#include <stdlib.h>

#include "tokenizer_priv.h"
#include "utf8.h"

static bool before(const struct pair *a, const struct pair *b)
{
	return a->key > b->key || (a->key == b->key && a->left < b->left);
}

static void heap_push(struct merger *m, const struct pair *p)
{
	size_t i = m->n_heap++;

	for (; i && before(p, &m->heap[(i - 1) / 2]); i = (i - 1) / 2)
		m->heap[i] = m->heap[(i - 1) / 2];
	m->heap[i] = *p;
}

static struct pair heap_pop(struct merger *m)
{
	struct pair top = m->heap[0], last = m->heap[--m->n_heap];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= m->n_heap)
			break;
		if (child + 1 < m->n_heap && before(&m->heap[child + 1], &m->heap[child]))
			child++;
		if (!before(&m->heap[child], &last))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = last;
	return top;
}

static void offer(struct merger *m, const char *text, int32_t left, int32_t right)
{
	struct pair p = {.left = left, .right = right};
	const struct piece *l, *r;

	if (left < 0 || right < 0)
		return;
	l = &m->pieces[left];
	r = &m->pieces[right];
	p.len = l->len + r->len;
	if (m->key(m->tk, text + l->off, l->len, p.len, &p.key))
		heap_push(m, &p);
}

/* n pieces make at most n - 1 pairs at first, and each of the n - 1 merges at most two more. */
static int reserve(struct merger *m, size_t n)
{
	struct piece *pieces;
	struct pair *heap;

	if (n <= m->cap)
		return 0;
	pieces = realloc(m->pieces, n * sizeof(*pieces));
	if (pieces)
		m->pieces = pieces;
	heap = realloc(m->heap, 3 * n * sizeof(*heap));
	if (heap)
		m->heap = heap;
	if (!pieces || !heap)
		return -ENOMEM;
	m->cap = n;
	return 0;
}

static int32_t cut(struct merger *m, const char *text, size_t len)
{
	int32_t n = 0;

	for (size_t off = 0; off < len; n++) {
		size_t bytes = utf8_len((uint8_t)text[off]);

		if (bytes > len - off)
			bytes = len - off;
		m->pieces[n] = (struct piece){n - 1, n + 1, (uint32_t)off, (uint32_t)bytes};
		off += bytes;
	}
	m->pieces[n - 1].next = -1;
	return n;
}

int merger_run(struct merger *m, const char *text, size_t len)
{
	int32_t n;

	if (!len || len > INT32_MAX / 4)
		return -E2BIG;
	if (reserve(m, len))
		return -ENOMEM;
	m->n_heap = 0;
	n = cut(m, text, len);
	for (int32_t i = 1; i < n; i++)
		offer(m, text, i - 1, i);
	while (m->n_heap) {
		struct pair p = heap_pop(m);
		struct piece *l = &m->pieces[p.left], *r = &m->pieces[p.right];

		if (!l->len || !r->len || l->len + r->len != p.len)
			continue; /* one of them has merged since */
		l->len = p.len;
		r->len = 0;
		l->next = r->next;
		if (r->next >= 0)
			m->pieces[r->next].prev = p.left;
		offer(m, text, l->prev, p.left);
		offer(m, text, p.left, l->next);
	}
	return 0;
}

void merger_free(struct merger *m)
{
	free(m->pieces);
	free(m->heap);
}
