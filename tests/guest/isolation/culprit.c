// SPDX-License-Identifier: MIT
/*
 * usage: culprit NAME SOURCE    (inside the VM)
 *
 * Does one thing wrong and checks what the chip says of it: the cause, the address, the line of SOURCE
 * (kernels.c) that is marked with NAME, and by the chip's own clock that no more than 2 s passed from
 * the begin of the work to the record. Prints "ready" when its queue is there, then the record. NAME "list"
 * prints all names.
 */
#include "client.h"

#include <axon_isa.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WILD	 0x7000deadb000ull
#define LATE_NS	 2000000000ull
#define TAG	 77
#define FIELD(f) ((uint64_t)offsetof(struct axon_packet, f) << 32)

/* Addresses that only the record or the device can tell. */
enum { KNOWN, ANYWHERE, THE_PACKET, END_OF_SRAM, FIRST_WORD };

struct culprit {
	const char *name;
	const char *kernel;	   /* launched, or NULL */
	uint32_t y;		   /* workgroups, 0 for 1 */
	uint64_t cycles;	   /* of `busy`, 0 for a million */
	uint64_t stats;		   /* VA, 0 for none */
	struct axon_packet packet; /* run behind the kernel, unless it is a plain NOP */
	uint16_t cause;
	int place; /* of the address */
	uint64_t addr;
	uint64_t info; /* not looked at when 0 */
};

static const struct culprit culprits[] = {
	/* kernels: the source line is checked */
	{"wild_load", "wild_load", .cause = AXON_FAULT_PAGE_READ, .addr = WILD},
	{"wild_store", "wild_store", .cause = AXON_FAULT_PAGE_WRITE, .addr = WILD},
	{"illegal", "illegal", .cause = AXON_FAULT_ILLEGAL_INSN, .place = ANYWHERE},
	{"descriptor", "descriptor", .cause = AXON_FAULT_BAD_DESC, .place = ANYWHERE,
	 .info = (uint64_t)offsetof(struct axon_dma_copy, dims) << 32 | (AXON_DMA_DIMS + 1)},
	{"sram_overrun", "sram_overrun", .cause = AXON_FAULT_SRAM_RANGE, .place = END_OF_SRAM},
	{"loop", "loop", .cause = AXON_FAULT_HANG},
	{"endless_operation", "endless_operation", .cause = AXON_FAULT_HANG},
	/* more than hang_ms allows here, and less than by default, where `bystander slow` does the same */
	{"slow", "busy", .cycles = SLOW_CYCLES, .cause = AXON_FAULT_HANG},
	/* launches and command buffers that no kernel is to blame for */
	{"too_large_grid",
	 .packet = {.op = AXON_PKT_LAUNCH, .launch.grid = {UINT32_MAX, UINT32_MAX, UINT32_MAX}},
	 .cause = AXON_FAULT_BAD_PACKET, .place = THE_PACKET,
	 .info = FIELD(launch.grid) | UINT32_MAX},
	{"largest_grid", "busy", .y = 1u << 31, .cause = AXON_FAULT_TIMEOUT, .place = ANYWHERE},
	{"wild_stats", "busy", .stats = WILD, .cause = AXON_FAULT_PAGE_WRITE, .addr = WILD},
	{"bad_opcode", .packet = {.op = 0xee}, .cause = AXON_FAULT_BAD_PACKET, .place = THE_PACKET,
	 .info = FIELD(op) | 0xee},
	{"bad_flags", .packet = {.op = AXON_PKT_NOP, .flags = 0x80}, .cause = AXON_FAULT_BAD_PACKET,
	 .place = THE_PACKET, .info = FIELD(flags) | 0x80},
	{"self_call", .packet = {.op = AXON_PKT_CALL, .call.count = 1},
	 .cause = AXON_FAULT_CALL_DEPTH, .place = THE_PACKET},
	{"branch_out", .packet = {.op = AXON_PKT_BRANCH, .branch.target = -2},
	 .cause = AXON_FAULT_BAD_PACKET, .place = THE_PACKET,
	 .info = FIELD(branch.target) | (uint32_t)-2},
	{"endless_branch", "busy", .packet = {.op = AXON_PKT_BRANCH, .branch.target = -1},
	 .cause = AXON_FAULT_TIMEOUT, .place = ANYWHERE},
	{"endless_wait", .packet = {.op = AXON_PKT_WAIT, .wait.value = 1}, .cause = AXON_FAULT_HANG,
	 .place = FIRST_WORD},
	{"endless_fill", .packet = {.op = AXON_PKT_FILL, .fill.bytes = ~3ull},
	 .cause = AXON_FAULT_TIMEOUT, .place = ANYWHERE},
};

#define NUM_CULPRITS (sizeof(culprits) / sizeof(culprits[0]))

static const struct culprit *find(const char *name)
{
	for (size_t i = 0; i < NUM_CULPRITS; i++)
		if (!strcmp(culprits[i].name, name))
			return &culprits[i];
	fail("expected one of culprit's names, found %s", name);
}

static void record_kernel(struct client *c, const struct culprit *culprit)
{
	const struct isolation_args args = {
		.addr = WILD,
		.cycles = culprit->cycles ? culprit->cycles : 1000000,
		.result = client_word_va(c, 8),
	};
	struct accel_launch launch = {
		.size = sizeof(launch),
		.grid = {1, culprit->y, 1},
		.stats_va = culprit->stats,
	};
	const struct accel_kernel *kernel;

	must(accel_program_kernel(c->program, culprit->kernel, &kernel), culprit->kernel);
	must(accel_stream_launch(c->stream, kernel, &launch, &args, sizeof(args)),
	     "accel_stream_launch");
}

static void record_packet(struct client *c, struct axon_packet packet)
{
	struct accel_buffer *buf;
	struct axon_packet *own;

	packet.tag = TAG;
	if (packet.op == AXON_PKT_WAIT)
		packet.wait.addr = client_word_va(c, 0);
	if (packet.op == AXON_PKT_FILL)
		packet.fill.dst = client_word_va(c, 0);
	if (packet.op == AXON_PKT_LAUNCH)
		packet.launch.entry = client_word_va(c, 0); /* right as far as a packet goes */
	if (packet.op == AXON_PKT_CALL) {
		/* one that calls itself lies in a buffer of its own, whose address is known */
		buf = client_buffer(c, sizeof(packet), ACCEL_BUFFER_SYSTEM);
		must(accel_buffer_map(buf, (void **)&own), "accel_buffer_map");
		packet.call.addr = accel_buffer_va(buf);
		*own = packet;
	}
	client_packet(c, &packet);
}

/* Words 2 and 3 of the page get the time at which the work began. */
static struct axon_fault commit(struct client *c, const struct culprit *culprit)
{
	struct axon_fault fault;
	int ret;

	must(accel_stream_timestamp(c->stream, client_word_va(c, 2)), "accel_stream_timestamp");
	if (culprit->kernel)
		record_kernel(c, culprit);
	if (culprit->packet.op != AXON_PKT_NOP || culprit->packet.flags)
		record_packet(c, culprit->packet);
	ret = accel_queue_run(c->queue, c->stream);
	if (ret != -EIO)
		fail("expected the work to fail, found %d", ret);
	must(accel_queue_fault(c->queue, &fault), "accel_queue_fault");
	return fault;
}

static uint64_t expected_address(struct client *c, const struct culprit *culprit,
				 const struct axon_fault *fault)
{
	struct accel_device_info info = {.size = sizeof(info)};

	switch (culprit->place) {
	case ANYWHERE: return fault->addr;
	case THE_PACKET: return fault->packet;
	case FIRST_WORD: return client_word_va(c, 0);
	case END_OF_SRAM:
		must(accel_device_get_info(c->dev, &info), "accel_device_get_info");
		return AXON_SRAM_BASE + info.sram_size;
	default: return culprit->addr;
	}
}

/* "kernels.c:N" for the line of the source that is marked with the name. */
static void marked_line(const char *path, const char *name, char *where, size_t bytes)
{
	char mark[64], text[256];
	FILE *file = fopen(path, "r");

	if (!file)
		fail("%s: %s", path, strerror(errno));
	snprintf(mark, sizeof(mark), "/* fault: %s */", name);
	*where = '\0';
	for (unsigned int line = 1; fgets(text, sizeof(text), file); line++)
		if (strstr(text, mark))
			snprintf(where, bytes, "kernels.c:%u)", line);
	fclose(file);
}

static void judge(struct client *c, const struct culprit *culprit, const struct axon_fault *fault,
		  const char *source)
{
	uint64_t began = c->word[2], addr = expected_address(c, culprit, fault);
	char text[512], where[64];

	must(accel_fault_format(fault, c->program, text, sizeof(text)), "accel_fault_format");
	printf("%s, after %llu ms\n", text, (unsigned long long)(fault->ns - began) / 1000000);
	if (fault->cause != culprit->cause)
		fail("expected %s", accel_fault_name(culprit->cause));
	if (fault->addr != addr)
		fail("expected the address 0x%llx", (unsigned long long)addr);
	if (culprit->info && fault->info != culprit->info)
		fail("expected the field 0x%llx, found 0x%llx", (unsigned long long)culprit->info,
		     (unsigned long long)fault->info);
	if (!culprit->kernel && fault->tag != TAG)
		fail("expected the tag %u, found %u", TAG, fault->tag);
	marked_line(source, culprit->name, where, sizeof(where));
	if (!strstr(text, where))
		fail("expected the line %s", where);
	/* what progresses is ended by modelled time alone, whatever the emulator needs for that */
	if (fault->cause == AXON_FAULT_TIMEOUT)
		return;
	if (!began || fault->ns < began || fault->ns - began > LATE_NS)
		fail("expected the record within 2 s of %llu ns, found it at %llu ns",
		     (unsigned long long)began, (unsigned long long)fault->ns);
}

int main(int argc, char **argv)
{
	const struct culprit *culprit;
	struct axon_fault fault;
	struct client c;

	if (argc == 2 && !strcmp(argv[1], "list")) {
		for (size_t i = 0; i < NUM_CULPRITS; i++)
			puts(culprits[i].name);
		return 0;
	}
	if (argc != 3)
		fail("usage: culprit NAME SOURCE");
	culprit = find(argv[1]);
	client_open(&c);
	puts("ready");
	fflush(stdout);
	fault = commit(&c, culprit);
	judge(&c, culprit, &fault, argv[2]);
	return 0;
}
