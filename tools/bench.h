/* SPDX-License-Identifier: MIT */
/* What accel-bench's commands share: options, time, medians, and the verdict on what they checked. */
#ifndef AXON_TOOLS_BENCH_H
#define AXON_TOOLS_BENCH_H

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

#include "bench_report.h"
#include "chip.h"

/* What came out was wrong: nothing that was measured counts. */
#define BENCH_WRONG (-EBADMSG)

struct bench_options {
	enum report_format format;
	unsigned int device;
	unsigned int repetitions; /* after one that does not count */
};

/* For argp's children: the options of all commands, into a struct bench_options. */
extern const struct argp bench_argp;
#define BENCH_DEFAULTS                                \
	{                                             \
		.format = REPORT_MD, .repetitions = 5 \
	}

/* The commands. Each returns 0, or a negative errno with err filled. */
int bench_llm(int argc, char **argv, struct axon_err *err);
int bench_batched(int argc, char **argv, struct axon_err *err);
int bench_matmul(int argc, char **argv, struct axon_err *err);
int bench_copy(int argc, char **argv, struct axon_err *err);
int bench_launch(int argc, char **argv, struct axon_err *err);

/* A whole number of min to max, or argp's error that names the option. */
uint64_t bench_number(struct argp_state *state, const char *option, const char *text, uint64_t min,
		      uint64_t max);
/* Takes "item,item…" apart: each item in turn, NULL at the end. Writes into the text. */
char *bench_next_item(char **text);

/* A chip with one more program than the runtime's. */
struct bench_program {
	struct accel_program *program;
	const struct accel_kernel *kernel;
};
int bench_program_load(struct chip *chip, struct bench_program *p, const char *name,
		       const void *elf, size_t bytes, struct axon_err *err);
#define BENCH_PROGRAM_LOAD(chip, p, name, err)                                        \
	({                                                                            \
		extern const uint8_t image_##name[], image_##name##_end[];            \
		bench_program_load(chip, p, #name, image_##name,                      \
				   (size_t)(image_##name##_end - image_##name), err); \
	})

/* A mapped buffer. */
int bench_buffer(struct chip *chip, uint64_t bytes, unsigned int flags,
		 struct accel_buffer **buffer, void **map, struct axon_err *err);

uint64_t bench_now_ns(void);
double bench_median(uint64_t *ns, size_t n); /* sorts them */

/* A fast generator of test data (xorshift64*), the same numbers in every run. */
struct bench_random {
	uint64_t state;
};
#define BENCH_RANDOM                  \
	{                             \
		0x9e3779b97f4a7c15ull \
	}
uint64_t bench_random(struct bench_random *r);

#endif
