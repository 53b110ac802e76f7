/* SPDX-License-Identifier: MIT */
/* The accelerator as the runtime uses it: one device, address space and queue, and all kernels loaded. */
#ifndef AXON_RUNTIME_CHIP_H
#define AXON_RUNTIME_CHIP_H

#include <accel.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* Every kernel is one program of that name, with one entry point of that name. */
#define CHIP_MODEL_KERNELS(X) \
	X(pack)               \
	X(embed) X(norm) X(matmul) X(gated) X(rope) X(attention) X(sample) X(advance) X(logprob)
#define CHIP_TRAIN_KERNELS(X) \
	X(gather) X(conv) X(conv_grad) X(max_pool) X(gemm) X(cross_entropy) X(reduce) X(adamw)
#define CHIP_TRAIN_LM_KERNELS(X) \
	X(embed_grad) X(norm_grad) X(rotate) X(flash) X(flash_grad) X(swiglu) X(sum_squares)
#define CHIP_KERNELS(X) CHIP_MODEL_KERNELS(X) CHIP_TRAIN_KERNELS(X) CHIP_TRAIN_LM_KERNELS(X)

enum chip_kernel {
#define CHIP_KERNEL_ENUM(name) CHIP_##name,
	CHIP_KERNELS(CHIP_KERNEL_ENUM)
#undef CHIP_KERNEL_ENUM
		CHIP_KERNEL_COUNT
};

/* While chip->trace is set, every launch that is recorded also keeps its statistics. */
struct chip_trace {
	uint64_t stats_va; /* of struct axon_launch_stats[max] */
	uint32_t n, max;
	enum chip_kernel *kernels; /* [max]: which kernel each launch ran */
};

struct chip {
	struct accel_device *dev;
	struct accel_vm *vm;
	bool user_queue; /* submits without the kernel */
	struct accel_queue *queue;
	struct accel_timeline *timeline;
	uint64_t submitted; /* last value that a submission will signal */
	struct accel_program *programs[CHIP_KERNEL_COUNT];
	const struct accel_kernel *kernels[CHIP_KERNEL_COUNT];
	struct chip_trace *trace; /* NULL: none */
};

/* Device `index` of accel_device_open(). On failure nothing is left open. */
int chip_open(struct chip *chip, unsigned int index, struct axon_err *err);
/* Waits for what is under way. A zeroed struct may be closed too. */
void chip_close(struct chip *chip);

/* Submits; *value is what chip_wait() takes. */
int chip_submit(struct chip *chip, struct accel_stream *stream, uint64_t *value,
		struct axon_err *err);
/* A fault of the queue comes back as -EIO with the record, kernel and source line in words. */
int chip_wait(struct chip *chip, uint64_t value, struct axon_err *err);
int chip_run(struct chip *chip, struct accel_stream *stream, struct axon_err *err);

/* One launch in a stream, x by y workgroups. */
int chip_launch(struct chip *chip, struct accel_stream *stream, enum chip_kernel kernel, uint32_t x,
		uint32_t y, const void *args, size_t args_bytes, struct axon_err *err);

/* The same, and the next launch may start before this one ends. */
int chip_launch_overlap(struct chip *chip, struct accel_stream *stream, enum chip_kernel kernel,
			uint32_t x, uint32_t y, const void *args, size_t args_bytes,
			struct axon_err *err);

const char *chip_kernel_name(enum chip_kernel kernel);

int chip_buffer(struct chip *chip, uint64_t bytes, unsigned int flags, enum accel_purpose purpose,
		struct accel_buffer **buffer, struct axon_err *err);

/* "what: meaning; what to do" of an error of libaccel. */
int chip_fail(struct axon_err *err, const char *what, int ret);

#endif
