// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include "smi.h"

#define COLUMNS 80

void smi_print_wrapped(const char *text, int indent)
{
	int column = indent;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (column > indent && column + 1 + length > COLUMNS) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", length, text);
		text += length + (text[length] == ' ');
	}
	printf("\n");
}
