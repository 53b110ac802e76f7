// SPDX-License-Identifier: MIT
#include "rig.h"

static int setup(void **state, int (*create)(struct accel_device *dev, struct accel_vm **vm))
{
	struct rig *rig = calloc(1, sizeof(*rig));
	int ret;

	if (!rig)
		return -1;
	*state = rig;
	ret = accel_device_open(0, &rig->dev);
	if (ret == -EUNATCH)
		exit(77);
	if (!ret)
		ret = create(rig->dev, &rig->vm);
	if (!ret)
		ret = accel_queue_create(rig->vm, 1, &rig->queue);
	if (!ret)
		ret = accel_stream_create(rig->vm, &rig->stream);
	if (!ret)
		ret = accel_program_load_file(rig->vm, KERNELS_ELF, &rig->program);
	if (ret < 0)
		print_error("rig: %s\n", accel_strerror(ret));
	return ret;
}

int rig_setup(void **state)
{
	return setup(state, accel_vm_create);
}

int rig_setup_user(void **state)
{
	return setup(state, accel_vm_create_long_running);
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	accel_queue_destroy(rig->queue);
	accel_stream_destroy(rig->stream);
	accel_program_destroy(rig->program);
	for (unsigned int i = 0; i < rig->num_buffers; i++)
		accel_buffer_destroy(rig->buffers[i]);
	free(rig->buffers);
	accel_vm_destroy(rig->vm);
	accel_device_close(rig->dev);
	free(rig);
	return 0;
}

const char *rig_elf(void)
{
	return KERNELS_ELF;
}

bool rig_in_process(const struct rig *rig)
{
	return accel_device_fd(rig->dev) < 0;
}

struct accel_buffer *rig_buffer(struct rig *rig, size_t bytes, unsigned int flags, void *ptr)
{
	struct accel_buffer *buf;

	assert_int_equal(accel_buffer_create(rig->vm, bytes, flags, ACCEL_PURPOSE_OTHER, &buf), 0);
	rig->buffers = realloc(rig->buffers, (rig->num_buffers + 1) * sizeof(*rig->buffers));
	assert_non_null(rig->buffers);
	rig->buffers[rig->num_buffers++] = buf;
	if (ptr)
		assert_int_equal(accel_buffer_map(buf, ptr), 0);
	return buf;
}

void rig_free(struct rig *rig, struct accel_buffer *buf)
{
	for (unsigned int i = 0; i < rig->num_buffers; i++)
		if (rig->buffers[i] == buf)
			rig->buffers[i] = rig->buffers[--rig->num_buffers];
	accel_buffer_destroy(buf);
}

const struct accel_kernel *rig_kernel(struct rig *rig, const char *name)
{
	const struct accel_kernel *kernel;

	assert_int_equal(accel_program_kernel(rig->program, name, &kernel), 0);
	return kernel;
}

void rig_launch(struct rig *rig, const char *name, uint32_t gx, const void *args, size_t bytes)
{
	struct accel_launch launch = {.size = sizeof(launch), .grid = {gx}};

	assert_int_equal(
		accel_stream_launch(rig->stream, rig_kernel(rig, name), &launch, args, bytes), 0);
}

void rig_run(struct rig *rig)
{
	int ret = accel_queue_run(rig->queue, rig->stream);
	struct axon_fault fault;
	char text[512];

	if (ret == -EIO && !accel_queue_fault(rig->queue, &fault)) {
		accel_fault_format(&fault, rig->program, text, sizeof(text));
		fail_msg("expected no fault, found %s", text);
	}
	assert_int_equal(ret, 0);
}

void rig_announce_reset(const struct rig *rig)
{
	FILE *kmsg;

	if (rig_in_process(rig))
		return;
	kmsg = fopen("/dev/kmsg", "w");
	assert_non_null(kmsg);
	fputs("axon-test: expect reset\n", kmsg);
	fclose(kmsg);
}

struct axon_fault rig_run_to_fault(struct rig *rig, unsigned int cause)
{
	struct axon_fault fault;

	rig_announce_reset(rig);
	assert_int_equal(accel_queue_run(rig->queue, rig->stream), -EIO);
	assert_int_equal(accel_queue_fault(rig->queue, &fault), 0);
	assert_string_equal(accel_fault_name(fault.cause), accel_fault_name(cause));
	return fault;
}
