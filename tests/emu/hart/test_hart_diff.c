// SPDX-License-Identifier: MIT
/*
 * The hart against qemu-riscv64: random programs run on both, and registers, fcsr and memory after
 * each snippet must agree. test_hart_diff [SEED [SECONDS]]; skips where qemu-riscv64 is missing.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hart_insn.h"
#include "random_program.h"
#include "qemu_run.h"

#define DEFAULT_SECONDS	 8
#define WALL_LIMIT	 55 /* seconds, whatever happens */
#define MIN_INSTRUCTIONS 200000

/* What a program leaves behind. */
struct dump {
	uint8_t image[PROGRAM_DUMP];
	uint8_t sram[HART_HOST_SRAM];
};

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(QEMU_FAIL);
}

static void run_qemu(const struct program *program, struct dump *dump)
{
	const uint64_t used = PROGRAM_DUMP + program->num_words * 4ull;
	const struct riscv_segment segments[] = {
		{HART_HOST_VA, &program->image, (used + 4095) & ~4095ull},
		{AXON_SRAM_BASE, program->sram, sizeof(program->sram)},
	};

	qemu_run(segments, 2, PROGRAM_ENTRY, dump, sizeof(*dump));
}

/* Run on the hart up to the first ecall. Returns the number of random instructions executed. */
static uint64_t run_hart(const struct program *program, struct dump *dump)
{
	struct hart_host host;
	enum hart_exit why;
	uint64_t executed;

	hart_host_init(&host, sizeof(program->image));
	memcpy(host.memory, &program->image, sizeof(program->image));
	memcpy(host.env.sram, program->sram, sizeof(program->sram));
	hart_host_start(&host, PROGRAM_ENTRY);
	do
		why = hart_run(&host.hart, &host.env, 1000);
	while (why == HART_EXIT_BUDGET);
	if (why != HART_EXIT_FAULT || host.hart.fault.cause != AXON_FAULT_ECALL)
		die("hart: exit %d, cause %u, pc %#" PRIx64 ", address %#" PRIx64
		    "; expected the program's first ecall",
		    why, host.hart.fault.cause, host.hart.fault.pc, host.hart.fault.addr);
	memcpy(dump->image, host.memory, sizeof(dump->image));
	memcpy(dump->sram, host.env.sram, sizeof(dump->sram));
	executed = host.hart.instret - program->overhead;
	hart_host_fini(&host);
	return executed;
}

static const struct snippet_state *dump_states(const struct dump *dump, size_t offset)
{
	return (const void *)&dump->image[offset];
}

/* Print each register of a state that differs between the two runs. */
static void print_state_diff(const struct snippet_state *hart, const struct snippet_state *qemu)
{
	for (unsigned i = 0; i < 31; i++)
		if (hart->x[i] != qemu->x[i])
			printf("  x%-2u  hart %016" PRIx64 " qemu %016" PRIx64 "\n", i, hart->x[i],
			       qemu->x[i]);
	for (unsigned i = 0; i < 32; i++)
		if (hart->f[i] != qemu->f[i])
			printf("  f%-2u  hart %016" PRIx64 " qemu %016" PRIx64 "\n", i, hart->f[i],
			       qemu->f[i]);
	if (hart->fcsr != qemu->fcsr)
		printf("  fcsr hart %02" PRIx64 " qemu %02" PRIx64 "\n", hart->fcsr, qemu->fcsr);
}

static void print_snippet(const struct program *program, unsigned snippet)
{
	const struct snippet_state *in = &program->image.in[snippet];
	uint32_t first = program->snippets[snippet].first;

	for (unsigned i = 0; i < program->snippets[snippet].count; i++) {
		uint32_t word = program->image.code[first + i];
		const struct hart_insn *insn = hart_insn_find(word);

		printf("  %08x  %-10s rd %2u  rs1 %2u  rs2 %2u  rs3 %2u  rm %u\n", word,
		       insn ? insn->name : "?", word >> 7 & 31, word >> 15 & 31, word >> 20 & 31,
		       word >> 27, word >> 12 & 7);
	}
	printf("from fcsr %02" PRIx64 "\n", in->fcsr);
	for (unsigned i = 0; i < 32; i++)
		printf("  x%-2u %016" PRIx64 "  f%-2u %016" PRIx64 "\n", i, i < 31 ? in->x[i] : 0,
		       i, in->f[i]);
}

/* Does each snippet leave the same behind on both? */
static bool compare(const struct program *program, const struct dump *hart, const struct dump *qemu)
{
	const size_t out = offsetof(struct program_image, out);

	for (unsigned i = 0; i < PROGRAM_SNIPPETS; i++) {
		const struct snippet_state *h = dump_states(hart, out) + i;
		const struct snippet_state *q = dump_states(qemu, out) + i;

		if (memcmp(h, q, sizeof(*h)) == 0)
			continue;
		printf("snippet %u differs:\n", i);
		print_state_diff(h, q);
		print_snippet(program, i);
		return false;
	}
	if (memcmp(hart, qemu, sizeof(*hart)) != 0) {
		printf("registers agree, memory differs: a store that no later load saw\n");
		return false;
	}
	return true;
}

static uint64_t fresh_seed(void)
{
	return (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : fresh_seed();
	time_t seconds = argc > 2 ? strtol(argv[2], NULL, 0) : DEFAULT_SECONDS;
	struct random random = {.state = seed ? seed : 1};
	struct program *program = malloc(sizeof(*program));
	struct dump *hart = malloc(sizeof(*hart));
	struct dump *qemu = malloc(sizeof(*qemu));
	time_t start = time(NULL);
	uint64_t executed = 0;
	bool same = true;

	if (!program || !hart || !qemu)
		die("out of memory");
	alarm(WALL_LIMIT);
	printf("seed %#" PRIx64 "\n", seed);
	fflush(stdout);
	while (same && (executed < MIN_INSTRUCTIONS || time(NULL) - start < seconds)) {
		random_program(program, &random);
		executed += run_hart(program, hart);
		run_qemu(program, qemu);
		same = compare(program, hart, qemu);
	}
	printf("%s: %" PRIu64 " random instructions compared with qemu-riscv64\n",
	       same ? "ok" : "not ok", executed);
	free(qemu);
	free(hart);
	free(program);
	return same ? 0 : QEMU_FAIL;
}
