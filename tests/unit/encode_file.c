// SPDX-License-Identifier: MIT
/* encode_file MODEL FILE [--plain]: the tokens of FILE, printed as llama-tokenize --ids prints them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tokenizer.h"

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 20, n;
	char *buf = malloc(cap);

	*len = 0;
	while (f && buf && (n = fread(buf + *len, 1, cap - *len, f)) > 0) {
		*len += n;
		if (*len == cap)
			buf = realloc(buf, cap *= 2);
	}
	if (f)
		fclose(f);
	return f ? buf : NULL;
}

int main(int argc, char **argv)
{
	unsigned int flags = TOKENIZER_ADD_SPECIAL | TOKENIZER_PARSE_SPECIAL;
	struct axon_err err;
	struct tokenizer *tk;
	struct gguf *g;
	int32_t *ids;
	size_t len, n;
	char *text;

	if (argc < 3)
		return 2;
	if (argc > 3 && !strcmp(argv[3], "--plain"))
		flags = 0;
	text = read_file(argv[2], &len);
	if (!text)
		return 2;
	if (gguf_open(argv[1], &g, &err) || tokenizer_new(g, &tk, &err) ||
	    tokenizer_encode(tk, text, len, flags, &ids, &n, &err)) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	printf("[");
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? ", " : "", ids[i]);
	printf("]\n");
	free(ids);
	free(text);
	tokenizer_free(tk);
	gguf_close(g);
	return 0;
}
