// SPDX-License-Identifier: MIT
/*
 * usage: bystander NAME    (inside the VM)
 *
 * What else goes on beside the culprits: work that must not suffer, and clients that do nothing wrong
 * but too much of it. Prints "ready" when it has begun.
 */
#include "client.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB	      (1ull << 20)
#define CROWD	      16
#define ROUNDS	      20
#define ROW	      4096 /* bytes for each workgroup of the crowd's */
#define ROWS	      64
#define HIDDEN	      600 /* MiB, of 1024 that a device has: two of them overlap */
#define SRAM_RUNS     64  /* workgroups, for any number of host threads */
#define STEADY_S      13  /* wall: longer than two of the driver's own looks */
#define STEADY_ON_S   5	  /* of these on a slot, at least: the launch's own time */
#define STEADY_CYCLES 5000000000ull
#define STEADY_GROUPS 100000

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

/* Five seconds of the chip's time without a workgroup or a packet that ends, and a launch that lasts. */
static void steady(void)
{
	struct accel_timeline *timeline;
	struct isolation_args args = {.cycles = STEADY_CYCLES};
	struct accel_launch launch = {.size = sizeof(launch), .grid = {STEADY_GROUPS, 1, 1}};
	const struct accel_kernel *kernel;
	struct axon_launch_stats *stats;
	struct client c;

	client_open(&c);
	must(accel_timeline_create(c.dev, &timeline), "accel_timeline_create");
	must(accel_program_kernel(c.program, "steady", &kernel), "steady");
	args.addr = client_word_va(&c, 0);
	launch.stats_va = client_word_va(&c, 8);
	must(accel_stream_launch(c.stream, kernel, &launch, &args, sizeof(args)), "launch");
	must(accel_queue_submit(c.queue, c.stream, NULL, 0,
				&(struct accel_sync){.timeline = timeline, .value = 1}, 1),
	     "accel_queue_submit");
	ready();
	sleep(STEADY_S);
	__atomic_store_n(c.word, 1, __ATOMIC_RELEASE);
	must(accel_timeline_wait(timeline, 1, -1), "the steady kernel");
	stats = (struct axon_launch_stats *)&c.word[8];
	if (stats->cycles < STEADY_CYCLES || stats->ns < STEADY_ON_S * 1000000000ull)
		fail("expected a launch of 5 s modelled and %u s wall, found %llu cycles in %llu "
		     "ns",
		     STEADY_ON_S, (unsigned long long)stats->cycles, (unsigned long long)stats->ns);
}

static void slow(void)
{
	struct client c;

	client_open(&c);
	client_launch(&c, "busy", 1, &(struct isolation_args){.cycles = SLOW_CYCLES});
	client_run(&c);
	ready();
}

/* Submits as fast as it can, until it is killed in the middle of it. */
static void submit(void)
{
	struct client c;

	client_open(&c);
	client_buffer(&c, 16 * MIB, ACCEL_BUFFER_VRAM);
	must(accel_stream_fill(c.stream, client_word_va(&c, 0), 1, 4096), "accel_stream_fill");
	ready();
	for (;;)
		must(accel_queue_submit(c.queue, c.stream, NULL, 0, NULL, 0), "accel_queue_submit");
}

/* Changes its address space as fast as it can, which invalidates translations each time. */
static void remap(void)
{
	struct client c;

	client_open(&c);
	ready();
	for (;;)
		accel_buffer_destroy(client_buffer(&c, 4096, ACCEL_BUFFER_VRAM));
}

/* Interrupts as fast as the chip can raise them, again and again until the time-out. */
static void interrupt(void)
{
	struct axon_packet signal = {.op = AXON_PKT_SIGNAL, .flags = AXON_PKT_F_IRQ};
	struct axon_packet back = {.op = AXON_PKT_BRANCH, .branch.target = -1};
	struct client c;

	client_open(&c);
	signal.signal.addr = client_word_va(&c, 0);
	client_packet(&c, &signal);
	client_packet(&c, &back);
	ready();
	for (;;) {
		accel_queue_run(c.queue, c.stream);
		accel_queue_destroy(c.queue);
		must(accel_queue_create(c.vm, 1, &c.queue), "accel_queue_create");
	}
}

/* Leaves its marks in device memory, system memory and SRAM, and goes without tidying up. */
static void hide(void)
{
	struct client c;
	struct accel_buffer *vram, *system;

	client_open(&c);
	vram = client_buffer(&c, HIDDEN * MIB, ACCEL_BUFFER_VRAM);
	system = client_buffer(&c, 64 * MIB, ACCEL_BUFFER_SYSTEM);
	must(accel_stream_fill(c.stream, accel_buffer_va(vram), 0xa5c35e71, HIDDEN * MIB), "fill");
	must(accel_stream_fill(c.stream, accel_buffer_va(system), 0xa5c35e71, 64 * MIB), "fill");
	client_launch(&c, "hide_in_sram", SRAM_RUNS, &(struct isolation_args){0});
	client_run(&c);
	ready();
	_exit(0);
}

static void expect_none(const struct client *c, uint32_t groups, const char *what)
{
	for (uint32_t i = 0; i < groups; i++)
		if (c->word[i])
			fail("expected %s that reads as zero, part %u has %llu other words", what,
			     i, (unsigned long long)c->word[i]);
}

static void seek_memory(struct client *c, unsigned int mib, unsigned int flags, const char *what)
{
	const unsigned int parts = 50;
	const struct isolation_args args = {
		.addr = accel_buffer_va(client_buffer(c, mib * MIB, flags)),
		.bytes = mib * MIB / parts & ~7ull,
		.result = client_word_va(c, 0),
	};

	client_launch(c, "seek_in_memory", parts, &args);
	client_run(c);
	expect_none(c, parts, what);
}

static void seek_sram(void)
{
	struct client c;

	client_open(&c);
	client_launch(&c, "seek_in_sram", SRAM_RUNS,
		      &(struct isolation_args){.result = client_word_va(&c, 0)});
	client_run(&c);
	expect_none(&c, SRAM_RUNS, "SRAM");
	ready();
}

static void seek_vram(void)
{
	struct client c;

	client_open(&c);
	seek_memory(&c, HIDDEN, ACCEL_BUFFER_VRAM, "new device memory");
	ready();
}

static void seek_system(void)
{
	struct client c;

	client_open(&c);
	seek_memory(&c, 64, ACCEL_BUFFER_SYSTEM, "new system memory");
	ready();
}

/* One of the crowd: all use the same addresses, and numbers of their own. */
static void compute(unsigned int me)
{
	struct client c;
	struct accel_buffer *buf;
	uint64_t *number;
	unsigned int words = ROW / sizeof(*number);

	client_open(&c);
	buf = client_buffer(&c, ROWS * ROW, ACCEL_BUFFER_VRAM);
	must(accel_buffer_map(buf, (void **)&number), "accel_buffer_map");
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t factor = 1000 * me + round;

		client_launch(&c, "multiples", ROWS,
			      &(struct isolation_args){.bytes = ROW,
						       .cycles = factor,
						       .result = accel_buffer_va(buf)});
		client_run(&c);
		for (unsigned int i = 0; i < ROWS * words; i++)
			if (number[i] != factor * (i % words) + i / words)
				fail("process %u, round %u, word %u: expected %llu, found %llu", me,
				     round, i,
				     (unsigned long long)(factor * (i % words) + i / words),
				     (unsigned long long)number[i]);
	}
	exit(0);
}

static void crowd(void)
{
	unsigned int right = 0;
	int status;

	for (unsigned int i = 0; i < CROWD; i++)
		if (!fork())
			compute(i + 1);
	while (wait(&status) > 0)
		right += WIFEXITED(status) && !WEXITSTATUS(status);
	if (right != CROWD)
		fail("expected right answers of %u processes, found %u", CROWD, right);
	ready();
}

static const struct {
	const char *name;
	void (*run)(void);
} roles[] = {
	{"steady", steady},	  {"slow", slow},	    {"submit", submit},
	{"remap", remap},	  {"interrupt", interrupt}, {"hide", hide},
	{"seek_sram", seek_sram}, {"seek_vram", seek_vram}, {"seek_system", seek_system},
	{"crowd", crowd},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(roles) / sizeof(roles[0]); i++)
		if (!strcmp(roles[i].name, argv[1])) {
			roles[i].run();
			return 0;
		}
	fail("usage: bystander NAME");
}
