/* SPDX-License-Identifier: MIT */
/* Results, row by row: as a Markdown table for people, as CSV or JSON for programs. */
#ifndef AXON_TOOLS_BENCH_REPORT_H
#define AXON_TOOLS_BENCH_REPORT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

enum report_format { REPORT_MD, REPORT_JSON, REPORT_CSV };

#define REPORT_MAX_COLUMNS 12
#define REPORT_CELL	   64

struct report_column {
	const char *title;
	int width; /* at least */
	bool left; /* text */
};

struct report {
	enum report_format format;
	const struct report_column *columns;
	unsigned int num_columns;
	struct json_object *rows; /* REPORT_JSON: what has been reported */
	bool begun;
};

/*
 * One measurement: fields in JSON's and CSV's names, cells in the order of the columns. CSV leaves
 * out fields that are arrays.
 */
struct report_row {
	struct json_object *fields;
	char cells[REPORT_MAX_COLUMNS][REPORT_CELL];
	unsigned int num_cells;
};

void report_begin(struct report *r, enum report_format format, const struct report_column *columns,
		  unsigned int num_columns);
struct report_row report_row(void);
void report_string(struct report_row *row, const char *key, const char *value);
void report_number(struct report_row *row, const char *key, uint64_t value);
void report_real(struct report_row *row, const char *key, double value);
void report_cell(struct report_row *row, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Prints the row, or keeps it until report_end(). */
void report_add(struct report *r, struct report_row *row);
void report_end(struct report *r);

#endif
