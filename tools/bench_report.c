// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bench_report.h"

/* Characters of UTF-8 text. */
static int text_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static int column_width(const struct report_column *c)
{
	int title = text_width(c->title);

	return title > c->width ? title : c->width;
}

static void print_md_cell(const struct report_column *c, const char *text)
{
	int pad = column_width(c) - text_width(text);

	if (pad < 0)
		pad = 0;
	if (c->left)
		printf("| %s%*s ", text, pad, "");
	else
		printf("| %*s%s ", pad, "", text);
}

static void print_md_heading(const struct report *r)
{
	char dashes[REPORT_CELL];

	memset(dashes, '-', sizeof(dashes));
	for (unsigned int i = 0; i < r->num_columns; i++)
		print_md_cell(&r->columns[i], r->columns[i].title);
	printf("|\n");
	for (unsigned int i = 0; i < r->num_columns; i++) {
		const struct report_column *c = &r->columns[i];

		printf("| %.*s%s ", column_width(c) - !c->left, dashes, c->left ? "" : ":");
	}
	printf("|\n");
}

/* A value in CSV; quotes inside are doubled. */
static void print_quoted(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"')
			putchar('"');
		putchar(*text);
	}
	putchar('"');
}

static void print_csv(struct json_object *fields, bool heading)
{
	const char *comma = "";

	json_object_object_foreach(fields, key, value)
	{
		if (json_object_is_type(value, json_type_array))
			continue;
		fputs(comma, stdout);
		if (heading)
			fputs(key, stdout);
		else
			print_quoted(json_object_get_string(value));
		comma = ",";
	}
	putchar('\n');
}

void report_begin(struct report *r, enum report_format format, const struct report_column *columns,
		  unsigned int num_columns)
{
	*r = (struct report){.format = format, .columns = columns, .num_columns = num_columns};
	if (format == REPORT_JSON)
		r->rows = json_object_new_array();
	if (format == REPORT_MD)
		print_md_heading(r);
}

void report_end(struct report *r)
{
	if (r->format == REPORT_JSON)
		puts(json_object_to_json_string_ext(
			r->rows, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					 JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(r->rows);
	fflush(stdout);
}

struct report_row report_row(void)
{
	return (struct report_row){.fields = json_object_new_object()};
}

void report_string(struct report_row *row, const char *key, const char *value)
{
	json_object_object_add(row->fields, key, json_object_new_string(value));
}

void report_number(struct report_row *row, const char *key, uint64_t value)
{
	json_object_object_add(row->fields, key, json_object_new_uint64(value));
}

void report_real(struct report_row *row, const char *key, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6f", value);
	json_object_object_add(row->fields, key, json_object_new_double_s(value, text));
}

void report_cell(struct report_row *row, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(row->cells[row->num_cells++], REPORT_CELL, format, args);
	va_end(args);
}

void report_add(struct report *r, struct report_row *row)
{
	switch (r->format) {
	case REPORT_JSON: json_object_array_add(r->rows, row->fields); return;
	case REPORT_CSV:
		if (!r->begun)
			print_csv(row->fields, true);
		print_csv(row->fields, false);
		break;
	case REPORT_MD:
		for (unsigned int i = 0; i < r->num_columns; i++)
			print_md_cell(&r->columns[i], row->cells[i]);
		printf("|\n");
		break;
	}
	r->begun = true;
	fflush(stdout);
	json_object_put(row->fields);
}
