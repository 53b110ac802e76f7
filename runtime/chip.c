// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "chip.h"

/* Kernel programs, from kernel_images.S. */
#define CHIP_IMAGE(name) extern const uint8_t image_##name[], image_##name##_end[];
CHIP_KERNELS(CHIP_IMAGE)
#undef CHIP_IMAGE

static const struct image {
	const char *name;
	const uint8_t *start, *end;
} images[CHIP_KERNEL_COUNT] = {
#define CHIP_IMAGE(name) {#name, image_##name, image_##name##_end},
	CHIP_KERNELS(CHIP_IMAGE)
#undef CHIP_IMAGE
};

const char *chip_kernel_name(enum chip_kernel kernel)
{
	return images[kernel].name;
}

int chip_fail(struct axon_err *err, const char *what, int ret)
{
	return axon_fail(err, ret, "%s: %s", what, accel_strerror(ret));
}

static int load_kernels(struct chip *chip, struct axon_err *err)
{
	for (int i = 0; i < CHIP_KERNEL_COUNT; i++) {
		const struct image *image = &images[i];
		int ret =
			accel_program_load(chip->vm, image->start,
					   (size_t)(image->end - image->start), &chip->programs[i]);

		if (!ret)
			ret = accel_program_kernel(chip->programs[i], image->name,
						   &chip->kernels[i]);
		if (ret)
			return chip_fail(err, image->name, ret);
	}
	return 0;
}

/* User queues where the device has them: a token then costs no system call to submit. */
static int open_queue(struct chip *chip)
{
	int ret = accel_vm_create_long_running(chip->dev, &chip->vm);

	chip->user_queue = !ret;
	if (ret == -EOPNOTSUPP)
		ret = accel_vm_create(chip->dev, &chip->vm);
	if (!ret)
		ret = accel_queue_create(chip->vm, 1, &chip->queue);
	if (ret)
		return ret;
	return chip->user_queue ? accel_timeline_create_in(chip->vm, &chip->timeline)
				: accel_timeline_create(chip->dev, &chip->timeline);
}

int chip_open(struct chip *chip, unsigned int index, struct axon_err *err)
{
	const char *what = "opening the accelerator";
	int ret;

	memset(chip, 0, sizeof(*chip));
	ret = accel_device_open(index, &chip->dev);
	if (ret)
		return chip_fail(err, what, ret);
	ret = open_queue(chip);
	ret = ret ? chip_fail(err, what, ret) : load_kernels(chip, err);
	if (ret)
		chip_close(chip);
	return ret;
}

void chip_close(struct chip *chip)
{
	if (!chip->dev)
		return;
	if (chip->timeline)
		accel_timeline_wait(chip->timeline, chip->submitted, -1);
	for (int i = 0; i < CHIP_KERNEL_COUNT; i++)
		accel_program_destroy(chip->programs[i]);
	accel_timeline_destroy(chip->timeline);
	accel_queue_destroy(chip->queue);
	accel_vm_destroy(chip->vm);
	accel_device_close(chip->dev);
	memset(chip, 0, sizeof(*chip));
}

int chip_submit(struct chip *chip, struct accel_stream *stream, uint64_t *value,
		struct axon_err *err)
{
	struct accel_sync done = {chip->timeline, chip->submitted + 1};
	int ret = accel_queue_submit(chip->queue, stream, NULL, 0, &done, 1);

	if (ret)
		return chip_fail(err, "submitting to the accelerator", ret);
	*value = ++chip->submitted;
	return 0;
}

/* Says what stopped the queue, in the words of the kernel whose code it was. */
static int queue_failed(struct chip *chip, struct axon_err *err)
{
	struct axon_fault fault;
	char text[384], where[64];
	int program;

	if (accel_queue_fault(chip->queue, &fault) || fault.cause == AXON_FAULT_NONE)
		return chip_fail(err, "waiting for the accelerator", -EIO);
	for (program = 0; program < CHIP_KERNEL_COUNT - 1; program++)
		if (!accel_program_symbolize(chip->programs[program], fault.pc, where,
					     sizeof(where)))
			break;
	accel_fault_format(&fault, chip->programs[program], text, sizeof(text));
	return axon_fail(err, -EIO, "the accelerator stopped: %s", text);
}

int chip_wait(struct chip *chip, uint64_t value, struct axon_err *err)
{
	int ret = accel_timeline_wait(chip->timeline, value, -1);

	if (ret == -EIO)
		return queue_failed(chip, err);
	return ret ? chip_fail(err, "waiting for the accelerator", ret) : 0;
}

int chip_run(struct chip *chip, struct accel_stream *stream, struct axon_err *err)
{
	uint64_t value = 0;
	int ret = chip_submit(chip, stream, &value, err);

	return ret ? ret : chip_wait(chip, value, err);
}

static int record(struct chip *chip, struct accel_stream *stream, enum chip_kernel kernel,
		  struct accel_launch *launch, const void *args, size_t args_bytes,
		  struct axon_err *err)
{
	struct chip_trace *trace = chip->trace;
	int ret;

	if (trace && trace->n < trace->max) {
		launch->stats_va = trace->stats_va + trace->n * sizeof(struct axon_launch_stats);
		trace->kernels[trace->n++] = kernel;
	}
	ret = accel_stream_launch(stream, chip->kernels[kernel], launch, args, args_bytes);
	return ret ? chip_fail(err, "recording a launch", ret) : 0;
}

int chip_launch(struct chip *chip, struct accel_stream *stream, enum chip_kernel kernel, uint32_t x,
		uint32_t y, const void *args, size_t args_bytes, struct axon_err *err)
{
	struct accel_launch launch = {.size = sizeof(launch), .grid = {x, y, 1}};

	return record(chip, stream, kernel, &launch, args, args_bytes, err);
}

int chip_launch_overlap(struct chip *chip, struct accel_stream *stream, enum chip_kernel kernel,
			uint32_t x, uint32_t y, const void *args, size_t args_bytes,
			struct axon_err *err)
{
	struct accel_launch launch = {
		.size = sizeof(launch), .grid = {x, y, 1}, .flags = ACCEL_LAUNCH_OVERLAP};

	return record(chip, stream, kernel, &launch, args, args_bytes, err);
}

int chip_buffer(struct chip *chip, uint64_t bytes, unsigned int flags, enum accel_purpose purpose,
		struct accel_buffer **buffer, struct axon_err *err)
{
	int ret = accel_buffer_create(chip->vm, bytes, flags, purpose, buffer);

	if (ret)
		return axon_fail(err, ret, "a buffer of %llu MiB: %s",
				 (unsigned long long)(bytes >> 20), accel_strerror(ret));
	return 0;
}
