// SPDX-License-Identifier: MIT
/* usage: bpe_dump FILE SIZE: the vocabulary that is learnt from a text, for test_bpe.py: tokens, then merges. */
#include <stdio.h>
#include <stdlib.h>

#include "bpe_train.h"

static char *read_text(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	FILE *to = open_memstream(&text, len);
	int c;

	while (f && to && (c = getc(f)) != EOF)
		putc(c, to);
	if (!f || !to || fclose(f) || fclose(to))
		return NULL;
	return text;
}

static void print_token(const struct bpe_vocab *v, uint32_t i, char end)
{
	fwrite(intern_bytes(&v->tokens, i), 1, v->tokens.strings[i].len, stdout);
	putchar(end);
}

int main(int argc, char **argv)
{
	struct axon_err err = {0};
	struct bpe_vocab v;
	size_t len;
	char *text = argc == 3 ? read_text(argv[1], &len) : NULL;

	if (!text || bpe_train(text, len, (uint32_t)atoi(argv[2]), &v, &err)) {
		fprintf(stderr, "bpe_dump: %s\n", err.msg);
		return 1;
	}
	for (uint32_t i = 0; i < v.tokens.n; i++)
		print_token(&v, i, '\n');
	putchar('\n');
	for (uint32_t i = 0; i < v.n_merges; i++) {
		print_token(&v, v.merges[i].left, ' ');
		print_token(&v, v.merges[i].right, '\n');
	}
	bpe_free(&v);
	free(text);
	return 0;
}
