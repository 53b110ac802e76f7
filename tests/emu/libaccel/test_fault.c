// SPDX-License-Identifier: MIT
/*
 * Description: every mistake that a kernel or a stream can make stops its queue with a record that
 * names cause, place and workgroup, and stops nothing else.
 */
#include "rig.h"

#include <time.h>
#include <unistd.h>

#define GROUPS	 5u
#define GUILTY	 3u /* the workgroup that makes the mistake */
#define UNMAPPED 0x7000deadb000ull
#define SRAM	 0x10000000ull

static void record_kernel(struct rig *rig, const char *name, uint64_t addr)
{
	struct test_fault_args args = {.addr = addr, .x = GUILTY};
	struct axon_packet nop = {.op = AXON_PKT_NOP};

	assert_int_equal(accel_stream_packet(rig->stream, &nop), 0);
	rig_launch(rig, name, GROUPS, &args, sizeof(args));
}

/* The place of the fault has a name, and the whole makes a sentence. */
static void check_words(struct rig *rig, const char *name, const struct axon_fault *fault)
{
	const char *cause = accel_fault_name(fault->cause);
	char text[512], start[64];

	snprintf(start, sizeof(start), "%s+0x", name);
	assert_int_equal(accel_program_symbolize(rig->program, fault->pc, text, sizeof(text)), 0);
	assert_memory_equal(text, start, strlen(start));
	assert_non_null(strstr(text, "fault.c:"));
	assert_int_equal(accel_fault_format(fault, rig->program, text, sizeof(text)), 0);
	assert_memory_equal(text, cause, strlen(cause));
	assert_non_null(strstr(text, start));
	assert_non_null(strstr(text, "workgroup 3,0,0"));
}

/* Runs what record_kernel() recorded and checks its fault record. */
static struct axon_fault judge_kernel(struct rig *rig, unsigned int cause, unsigned int engine)
{
	struct accel_device_info info = {.size = sizeof(info)};
	struct axon_fault fault;

	assert_int_equal(accel_device_get_info(rig->dev, &info), 0);
	fault = rig_run_to_fault(rig, cause);
	assert_int_equal(fault.engine, engine);
	assert_in_range(fault.core, 0, info.num_cores - 1);
	assert_int_equal(fault.wg[0], GUILTY);
	assert_int_equal(fault.wg[1], 0);
	assert_int_equal(fault.wg[2], 0);
	assert_int_equal(fault.tag, 1); /* the second packet of the stream */
	assert_true(fault.as > 0);
	return fault;
}

static struct axon_fault run_kernel(struct rig *rig, const char *name, uint64_t addr,
				    unsigned int cause, unsigned int engine)
{
	struct axon_fault fault;

	record_kernel(rig, name, addr);
	fault = judge_kernel(rig, cause, engine);
	if (strcmp(name, "fault_call")) /* which has left the program */
		check_words(rig, name, &fault);
	return fault;
}

static void unmapped_read(void **state)
{
	struct axon_fault fault = run_kernel(*state, "fault_read", UNMAPPED + 4,
					     AXON_FAULT_PAGE_READ, AXON_ENGINE_HART);

	assert_int_equal(fault.addr, UNMAPPED + 4);
}

static void unmapped_write(void **state)
{
	struct axon_fault fault = run_kernel(*state, "fault_write", UNMAPPED, AXON_FAULT_PAGE_WRITE,
					     AXON_ENGINE_HART);

	assert_int_equal(fault.addr, UNMAPPED);
}

static void write_to_read_only(void **state)
{
	struct rig *rig = *state;
	uint32_t *word;
	struct accel_buffer *buf =
		rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM | ACCEL_BUFFER_READONLY, &word);
	struct axon_fault fault;

	*word = 7;
	fault = run_kernel(rig, "fault_write", accel_buffer_va(buf), AXON_FAULT_PAGE_WRITE,
			   AXON_ENGINE_HART);
	assert_int_equal(fault.addr, accel_buffer_va(buf));
	assert_int_equal(*word, 7);
}

static void write_behind_a_buffer(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 8192, ACCEL_BUFFER_VRAM, NULL);

	rig_buffer(rig, 8192, ACCEL_BUFFER_VRAM, NULL);
	run_kernel(rig, "fault_write", accel_buffer_va(buf) + 8192, AXON_FAULT_PAGE_WRITE,
		   AXON_ENGINE_HART);
}

static void use_after_free(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_VRAM, NULL);
	uint64_t va = accel_buffer_va(buf);
	struct axon_fault fault;

	assert_int_equal(accel_stream_fill(rig->stream, va, 1, 16), 0);
	rig_run(rig); /* the chip has seen the translation */
	assert_int_equal(accel_stream_reset(rig->stream), 0);
	record_kernel(rig, "fault_read", va);
	rig_free(rig, buf);
	fault = judge_kernel(rig, AXON_FAULT_PAGE_READ, AXON_ENGINE_HART);
	assert_int_equal(fault.addr, va);
}

static void jump_to_data(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_VRAM, NULL);
	struct axon_fault fault = run_kernel(rig, "fault_call", accel_buffer_va(buf),
					     AXON_FAULT_PAGE_EXEC, AXON_ENGINE_HART);

	assert_int_equal(fault.addr, accel_buffer_va(buf));
}

static void jump_to_odd_address(void **state)
{
	run_kernel(*state, "fault_call", UNMAPPED + 2, AXON_FAULT_PC_MISALIGNED, AXON_ENGINE_HART);
}

static void null_pointer(void **state)
{
	struct axon_fault fault =
		run_kernel(*state, "fault_read", 0, AXON_FAULT_LOCAL_ADDR, AXON_ENGINE_HART);

	assert_int_equal(fault.addr, 0);
}

static void illegal_instruction(void **state)
{
	run_kernel(*state, "fault_illegal", 0, AXON_FAULT_ILLEGAL_INSN, AXON_ENGINE_HART);
}

static void ecall(void **state)
{
	run_kernel(*state, "fault_ecall", 0, AXON_FAULT_ECALL, AXON_ENGINE_HART);
}

static void ebreak(void **state)
{
	run_kernel(*state, "fault_ebreak", 0, AXON_FAULT_EBREAK, AXON_ENGINE_HART);
}

static void endless_loop(void **state)
{
	run_kernel(*state, "fault_hang", 0, AXON_FAULT_HANG, AXON_ENGINE_HART);
}

static void token_never_issued(void **state)
{
	run_kernel(*state, "fault_token", 1ull << 60 | 5, AXON_FAULT_BAD_TOKEN, AXON_ENGINE_HART);
}

static void descriptor_with_seven_dimensions(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_VRAM, NULL);
	struct axon_fault fault = run_kernel(rig, "fault_desc", accel_buffer_va(buf),
					     AXON_FAULT_BAD_DESC, AXON_ENGINE_DMA);

	/* dims is the byte behind two 64-bit addresses and two types, after the 32-byte header */
	assert_int_equal(fault.info >> 32, 32 + 18);
	assert_int_equal((uint32_t)fault.info & 0xff, 7);
}

static void operand_outside_sram(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_VRAM, NULL);

	run_kernel(rig, "fault_sram", accel_buffer_va(buf), AXON_FAULT_SRAM_RANGE, AXON_ENGINE_DMA);
}

static void engine_reads_unmapped(void **state)
{
	struct axon_fault fault = run_kernel(*state, "fault_dma_read", UNMAPPED,
					     AXON_FAULT_PAGE_READ, AXON_ENGINE_DMA);

	assert_int_equal(fault.addr, UNMAPPED);
}

static void index_out_of_bounds(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_VRAM, NULL);

	run_kernel(rig, "fault_index", accel_buffer_va(buf), AXON_FAULT_BAD_INDEX, AXON_ENGINE_DMA);
}

/* ---- streams ---- */

static struct axon_fault run_packet(struct rig *rig, struct axon_packet packet, unsigned int cause)
{
	struct axon_fault fault;

	packet.tag = 0x1234;
	assert_int_equal(accel_stream_packet(rig->stream, &packet), 0);
	fault = rig_run_to_fault(rig, cause);
	assert_int_equal(fault.core, AXON_FAULT_NO_CORE);
	assert_int_equal(fault.tag, 0x1234);
	return fault;
}

static void unknown_packet(void **state)
{
	struct axon_fault fault = run_packet(*state, (struct axon_packet){.op = AXON_PKT_COUNT},
					     AXON_FAULT_BAD_PACKET);

	assert_int_equal(fault.info >> 32, offsetof(struct axon_packet, op));
	assert_int_equal(fault.addr, fault.packet);
}

static void reserved_field_set(void **state)
{
	struct axon_packet packet = {.op = AXON_PKT_NOP, .raw[3] = 0xabcd};
	struct axon_fault fault = run_packet(*state, packet, AXON_FAULT_BAD_PACKET);

	assert_int_equal(fault.info >> 32, offsetof(struct axon_packet, raw[3]));
	assert_int_equal((uint32_t)fault.info, 0xabcd);
}

static void unknown_flag(void **state)
{
	struct axon_packet packet = {.op = AXON_PKT_NOP, .flags = 0x80};
	struct axon_fault fault = run_packet(*state, packet, AXON_FAULT_BAD_PACKET);

	assert_int_equal(fault.info >> 32, offsetof(struct axon_packet, flags));
}

static void copy_from_nowhere(void **state)
{
	struct rig *rig = *state;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_VRAM, NULL);
	struct axon_packet packet = {
		.op = AXON_PKT_COPY,
		.copy = {.dst = accel_buffer_va(buf), .src = UNMAPPED, .bytes = 64},
	};
	struct axon_fault fault = run_packet(rig, packet, AXON_FAULT_PAGE_READ);

	assert_int_equal(fault.addr, UNMAPPED);
}

static void branch_out_of_its_buffer(void **state)
{
	struct axon_packet packet = {
		.op = AXON_PKT_BRANCH,
		.branch = {.cond = AXON_COND_ALWAYS, .target = 5},
	};

	run_packet(*state, packet, AXON_FAULT_BAD_PACKET);
}

static void buffer_that_calls_itself(void **state)
{
	struct rig *rig = *state;
	struct axon_packet *packets;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, &packets);
	struct axon_packet packet = {
		.op = AXON_PKT_CALL,
		.tag = 0x1234,
		.call = {.addr = accel_buffer_va(buf), .count = 1},
	};

	packets[0] = packet;
	run_packet(rig, packet, AXON_FAULT_CALL_DEPTH);
}

/* ---- what a fault leaves alone ---- */

static void a_dead_queue_stays_dead_and_others_live(void **state)
{
	struct rig *rig = *state;
	struct test_fault_args args = {.x = 0};
	struct accel_queue *other;
	struct accel_stream *good;
	struct axon_fault fault;
	uint32_t *words;
	struct accel_buffer *buf = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, &words);

	assert_int_equal(accel_queue_create(rig->vm, 1, &other), 0);
	assert_int_equal(accel_stream_create(rig->vm, &good), 0);
	assert_int_equal(accel_stream_fill(good, accel_buffer_va(buf), 0x55, 64), 0);

	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	assert_int_equal(accel_queue_run(rig->queue, good), -EIO);
	assert_int_equal(words[0], 0);

	assert_int_equal(accel_queue_run(other, good), 0);
	assert_int_equal(words[15], 0x55);
	assert_int_equal(accel_queue_fault(other, &fault), 0);
	assert_int_equal(fault.cause, AXON_FAULT_NONE);

	words[0] = 0;
	accel_queue_destroy(rig->queue);
	assert_int_equal(accel_queue_create(rig->vm, 1, &rig->queue), 0);
	assert_int_equal(accel_queue_run(rig->queue, good), 0);
	assert_int_equal(words[0], 0x55);
	accel_queue_destroy(other);
	accel_stream_destroy(good);
}

static void faults_are_counted(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info before = {.size = sizeof(before)}, after = before;
	struct test_fault_args args = {.x = 0};

	assert_int_equal(accel_device_get_info(rig->dev, &before), 0);
	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	assert_int_equal(accel_device_get_info(rig->dev, &after), 0);
	assert_int_equal(after.faults, before.faults + 1);
	assert_int_equal(after.resets, before.resets + 1);
	assert_int_equal(after.device_resets, 0);
}

/* Its number, 0 before the first. */
static uint64_t newest_event(const struct rig *rig)
{
	struct accel_event event = {0};

	assert_true(accel_device_events(rig->dev, &event, sizeof(event), 1) >= 0);
	return event.number;
}

/* A queue that is closed, in the middle of its work or not, is nothing that went wrong. */
static void closing_a_queue_is_no_reset(void **state)
{
	struct rig *rig = *state;
	struct accel_device_info before = {.size = sizeof(before)}, after = before;
	struct accel_buffer *word = rig_buffer(rig, 4096, ACCEL_BUFFER_SYSTEM, NULL);
	uint64_t newest = newest_event(rig);
	struct accel_queue *busy;

	assert_int_equal(accel_device_get_info(rig->dev, &before), 0);
	assert_int_equal(accel_queue_create(rig->vm, 1, &busy), 0);
	assert_int_equal(accel_stream_wait(rig->stream, accel_buffer_va(word), 1), 0);
	assert_int_equal(accel_queue_submit(busy, rig->stream, NULL, 0, NULL, 0), 0);
	accel_queue_destroy(busy);
	assert_int_equal(accel_device_get_info(rig->dev, &after), 0);
	assert_int_equal(after.resets, before.resets);
	assert_int_equal(newest_event(rig), newest);
}

/* A fault, then the reset that it led to: the newest comes first. */
static void events_tell_what_happened(void **state)
{
	struct rig *rig = *state;
	struct test_fault_args args = {.x = 0};
	struct accel_event events[4];
	uint64_t newest = newest_event(rig);
	struct axon_fault fault;

	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	assert_int_equal(accel_queue_fault(rig->queue, &fault), 0);

	assert_true(accel_device_events(rig->dev, events, sizeof(*events), 4) >= 2);
	assert_int_equal(events[0].number, newest + 2);
	assert_int_equal(events[0].kind, ACCEL_EVENT_QUEUE_RESET);
	assert_int_equal(events[0].error, EIO);
	assert_int_equal(events[0].fault.cause, AXON_FAULT_NONE);
	assert_int_equal(events[1].number, newest + 1);
	assert_int_equal(events[1].kind, ACCEL_EVENT_FAULT);
	assert_memory_equal(&events[1].fault, &fault, sizeof(fault));
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(events[i].flags, 0);
		assert_int_equal(events[i].pid, getpid());
		assert_int_equal(events[i].slot, fault.slot);
		assert_string_equal(events[i].process, "test_fault");
		assert_in_range(events[i].time_ns / 1000000000, time(NULL) - 60, time(NULL));
	}
	assert_true(events[0].time_ns >= events[1].time_ns);
}

/* Less room leaves out the oldest; a program of another version gets what it knows, or zeros. */
static void events_fit_the_caller(void **state)
{
	struct rig *rig = *state;
	struct test_fault_args args = {.x = 0};
	struct accel_event one;
	struct {
		struct accel_event event;
		uint64_t later;
	} longer[2];
	uint64_t numbers[2], newest = newest_event(rig);

	rig_launch(rig, "fault_ebreak", 1, &args, sizeof(args));
	rig_run_to_fault(rig, AXON_FAULT_EBREAK);
	assert_int_equal(accel_device_events(rig->dev, &one, sizeof(one), 0), 0);
	assert_int_equal(accel_device_events(rig->dev, &one, sizeof(one), 1), 1);
	assert_int_equal(one.number, newest + 2);
	memset(longer, 0xff, sizeof(longer));
	assert_int_equal(accel_device_events(rig->dev, &longer[0].event, sizeof(*longer), 2), 2);
	assert_int_equal(longer[1].event.number, newest + 1);
	assert_int_equal(longer[0].later, 0);
	assert_int_equal(longer[1].later, 0);
	assert_int_equal(
		accel_device_events(rig->dev, (struct accel_event *)numbers, sizeof(*numbers), 2),
		2);
	assert_int_equal(numbers[0], newest + 2);
	assert_int_equal(numbers[1], newest + 1);
	assert_int_equal(accel_device_events(rig->dev, &one, 4, 1), -EINVAL);
}

static void every_cause_has_its_words(void **state)
{
	(void)state;
	for (unsigned int cause = 0; cause < AXON_FAULT_COUNT; cause++) {
		assert_string_not_equal(accel_fault_name(cause), "UNKNOWN");
		assert_true(strlen(accel_fault_text(cause)) > 5);
		assert_true(strlen(accel_fault_action(cause)) > 5);
	}
	assert_string_equal(accel_fault_name(AXON_FAULT_COUNT), "UNKNOWN");
	assert_string_equal(accel_fault_name(AXON_FAULT_PAGE_READ), "PAGE_READ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_BOTH_TEST(unmapped_read),
		RIG_BOTH_TEST(unmapped_write),
		RIG_BOTH_TEST(write_to_read_only),
		RIG_BOTH_TEST(write_behind_a_buffer),
		RIG_BOTH_TEST(use_after_free),
		RIG_BOTH_TEST(jump_to_data),
		RIG_BOTH_TEST(jump_to_odd_address),
		RIG_BOTH_TEST(null_pointer),
		RIG_BOTH_TEST(illegal_instruction),
		RIG_BOTH_TEST(ecall),
		RIG_BOTH_TEST(ebreak),
		RIG_BOTH_TEST(endless_loop),
		RIG_BOTH_TEST(token_never_issued),
		RIG_BOTH_TEST(descriptor_with_seven_dimensions),
		RIG_BOTH_TEST(operand_outside_sram),
		RIG_BOTH_TEST(engine_reads_unmapped),
		RIG_BOTH_TEST(index_out_of_bounds),
		RIG_BOTH_TEST(unknown_packet),
		RIG_BOTH_TEST(reserved_field_set),
		RIG_BOTH_TEST(unknown_flag),
		RIG_BOTH_TEST(copy_from_nowhere),
		RIG_BOTH_TEST(branch_out_of_its_buffer),
		RIG_BOTH_TEST(buffer_that_calls_itself),
		RIG_TEST(a_dead_queue_stays_dead_and_others_live),
		RIG_BOTH_TEST(faults_are_counted),
		RIG_TEST(closing_a_queue_is_no_reset),
		RIG_TEST(events_tell_what_happened),
		RIG_TEST(events_fit_the_caller),
		cmocka_unit_test(every_cause_has_its_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
