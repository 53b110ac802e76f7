/* SPDX-License-Identifier: MIT */
/*
 * libaccel: programs, buffers, command streams and synchronisation for the axon accelerator.
 *
 * Objects are opaque. A function that returns int gives 0 or a negative errno; accel_strerror()
 * says what it means and accel_queue_fault() tells why it died. Nothing prints, nothing
 * is global. Different objects may be used from different threads at once; one object may not,
 * except that a timeline may be waited for anywhere. A parent must outlive its children.
 */
#ifndef ACCEL_H
#define ACCEL_H

#include <stddef.h>
#include <stdint.h>
#include <axon_hw.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ACCEL_VERSION_MAJOR 1
#define ACCEL_VERSION_MINOR 0

struct accel_device;
struct accel_vm; /* an address space */
struct accel_buffer;
struct accel_program; /* a loaded ELF */
struct accel_kernel;  /* one entry point of a program; lives as long as the program */
struct accel_queue;
struct accel_stream; /* a command buffer being recorded or replayed */
struct accel_timeline;

/* ---- devices ---- */
/* What memory is for. */
enum accel_purpose {
	ACCEL_PURPOSE_OTHER,
	ACCEL_PURPOSE_WEIGHTS,
	ACCEL_PURPOSE_KV,
	ACCEL_PURPOSE_ACTIVATIONS,
	ACCEL_PURPOSE_CODE,
	ACCEL_PURPOSE_COMMANDS,
	ACCEL_NUM_PURPOSES
};

struct accel_device_info {
	size_t size;   /* in: sizeof the struct */
	char name[32]; /* "axon0" */
	char bdf[16];  /* "0000:01:00.0"; "emulator" in-process */
	uint8_t uuid[16];
	uint32_t hw_version, num_cores, sram_size, clock_hz;
	uint64_t features;
	uint64_t vram_size, vram_used;
	uint64_t system_used; /* system memory held by buffers */
	uint32_t num_slots, free_slots;
	uint64_t faults, resets;		/* of queues, for what they did */
	uint64_t busy_cycles[AXON_NUM_ENGINES]; /* modelled */
	uint64_t busy_ns[AXON_NUM_ENGINES];	/* wall, summed over cores */
	uint64_t timestamp_ns;
	uint64_t device_resets;			    /* of the whole chip */
	uint64_t purpose_bytes[ACCEL_NUM_PURPOSES]; /* of all buffers, wherever they are */
	uint64_t ecc_corrected, ecc_uncorrected;    /* errors of device memory */
	uint64_t lost_interrupts;		    /* that the driver went on without */
	uint64_t throttled; /* times that the chip stood still because it was too hot */
};

/* Number of devices that ACCEL_VISIBLE_DEVICES leaves, or -errno. */
int accel_device_count(void);
/* Opens device `index` of those. -EUNATCH without a driver, -ENXIO without such a device, -EACCES. */
int accel_device_open(unsigned int index, struct accel_device **dev);
void accel_device_close(struct accel_device *dev);
int accel_device_get_info(struct accel_device *dev, struct accel_device_info *info);
/* The node's file descriptor (for poll, fdinfo, libdrm), -1 in-process. */
int accel_device_fd(struct accel_device *dev);

enum accel_event_kind {
	ACCEL_EVENT_FAULT,	  /* the chip reported `fault` */
	ACCEL_EVENT_QUEUE_RESET,  /* a queue was ended; its work got `error` */
	ACCEL_EVENT_DEVICE_RESET, /* the whole chip was reset; all work got `error` */
	ACCEL_EVENT_DEVICE_LOST,  /* it did not come out of that */
	ACCEL_EVENT_FAULTS_LOST,  /* the chip had no room for `lost` fault records */
	ACCEL_EVENT_THROTTLED,	  /* the chip reached its temperature limit and stood still */
	ACCEL_NUM_EVENT_KINDS
};
#define ACCEL_EVENT_HIDDEN	(1u << 0)
#define ACCEL_EVENT_MEMORY_LOST (1u << 1) /* of a reset: what was in device memory is gone */
#define ACCEL_EVENT_NO_SLOT	(~0u)
struct accel_event {
	uint64_t number;  /* 1, 2, 3... since the driver took the device */
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t client;  /* drm-client-id of fdinfo, 0: none */
	uint32_t kind;	  /* enum accel_event_kind */
	uint32_t
		flags; /* ACCEL_EVENT_HIDDEN: of another user; neither whose nor any address is told */
	uint32_t pid, queue_id, slot;
	uint32_t error; /* errno, positive */
	uint32_t lost;
	char process[16];
	struct axon_fault fault; /* cause AXON_FAULT_NONE: none */
};
/*
 * The newest events, newest first, at most `room`; how many, or -errno. event_bytes is sizeof(struct
 * accel_event).
 */
int accel_device_events(struct accel_device *dev, struct accel_event *events, size_t event_bytes,
			unsigned int room);

/* ---- address spaces ---- */
int accel_vm_create(struct accel_device *dev, struct accel_vm **vm);
/*
 * One whose queues are user queues: a submission goes from the process to the device without the
 * kernel. What is submitted there is waited for and signalled by timelines of the same address
 * space only. -EOPNOTSUPP when the device has no user queues.
 */
int accel_vm_create_long_running(struct accel_device *dev, struct accel_vm **vm);
void accel_vm_destroy(struct accel_vm *vm);

/* ---- buffers: memory bound in one address space from creation on ---- */
#define ACCEL_BUFFER_VRAM     (1u << 0) /* may live in device memory (preferred if both) */
#define ACCEL_BUFFER_SYSTEM   (1u << 1) /* may live in system memory */
#define ACCEL_BUFFER_READONLY (1u << 2) /* to the device */
#define ACCEL_BUFFER_EXEC     (1u << 3)
int accel_buffer_create(struct accel_vm *vm, size_t bytes, unsigned int flags,
			unsigned int purpose /* enum accel_purpose */, struct accel_buffer **buf);
void accel_buffer_destroy(struct accel_buffer *buf);
uint64_t accel_buffer_va(const struct accel_buffer *buf);
size_t accel_buffer_size(const struct accel_buffer *buf);
/* Maps the whole buffer into the process (once; repeated calls give the same address). */
int accel_buffer_map(struct accel_buffer *buf, void **ptr);

/* ---- programs ---- */
/* Loads an ELF from memory or a file: checks it, relocates it, places it in the address space. */
int accel_program_load(struct accel_vm *vm, const void *elf, size_t bytes,
		       struct accel_program **prog);
int accel_program_load_file(struct accel_vm *vm, const char *path, struct accel_program **prog);
/* Only checks: 0, or -ENOEXEC and in why what was expected and what was found. */
int accel_program_check(const void *elf, size_t bytes, char *why, size_t why_bytes);
void accel_program_destroy(struct accel_program *prog);
/* -ENOENT if the program has no global function of that name. */
int accel_program_kernel(struct accel_program *prog, const char *name,
			 const struct accel_kernel **kernel);
/*
 * "function+offset (file:line)" for a pc of this program, where an inlined function's line is followed
 * by " from file:line" of its caller. -ENOENT outside the program.
 */
int accel_program_symbolize(struct accel_program *prog, uint64_t pc, char *text, size_t bytes);

/* ---- timelines: a 64-bit value that only grows ---- */
int accel_timeline_create(struct accel_device *dev, struct accel_timeline **tl);
/*
 * A timeline in the memory of a long-running address space, for its queues and for the process. While
 * submissions of one queue are outstanding on it, another queue, or the process, that is to
 * signal it gets -EALREADY.
 */
int accel_timeline_create_in(struct accel_vm *vm, struct accel_timeline **tl);
void accel_timeline_destroy(struct accel_timeline *tl);
int accel_timeline_signal(struct accel_timeline *tl, uint64_t value);
int accel_timeline_query(struct accel_timeline *tl, uint64_t *value);
/* Waits for value; timeout in ns, < 0 for ever. -ETIME; -EIO when the work behind it faulted. */
int accel_timeline_wait(struct accel_timeline *tl, uint64_t value, int64_t timeout_ns);
/*
 * Adds 1 to the eventfd, once, when value is reached or the work behind it has failed, which
 * accel_timeline_wait() then tells. -EINVAL when nothing submitted so far will reach it.
 */
int accel_timeline_eventfd(struct accel_timeline *tl, uint64_t value, int eventfd);

/* ---- queues ---- */
/* On a long-running address space, a user queue. */
int accel_queue_create(struct accel_vm *vm, unsigned int priority /* 0 low, 1 normal, 2 high */,
		       struct accel_queue **queue);
void accel_queue_destroy(struct accel_queue *queue);
/* Fault record of a dead queue (cause AXON_FAULT_NONE while it lives). */
int accel_queue_fault(struct accel_queue *queue, struct axon_fault *fault);

struct accel_sync {
	struct accel_timeline *timeline;
	uint64_t value;
};
/*
 * Runs a finished stream after all `wait` points, then signals all `signal` points. A point waited
 * for must have been signalled or submitted already, a point signalled must be the timeline's
 * highest so far: -EINVAL. On a user queue a wait for a point that then fails never ends. The stream may be submitted again at once; it must not be recorded into or
 * destroyed until it has completed. Blocks while 63 submissions of the queue are outstanding.
 */
int accel_queue_submit(struct accel_queue *queue, struct accel_stream *stream,
		       const struct accel_sync *wait, unsigned int num_wait,
		       const struct accel_sync *signal, unsigned int num_signal);
/* Submits and waits. On -EIO accel_queue_fault() tells why. */
int accel_queue_run(struct accel_queue *queue, struct accel_stream *stream);
/*
 * Rings a user queue's doorbell once more, with nothing new behind it: what a submission costs at
 * least, for those who measure. -EINVAL for a queue that has none.
 */
int accel_queue_ring_doorbell(struct accel_queue *queue);

/* ---- streams ---- */
/* A packet's tag, which fault records repeat, is its number in the stream (but for raw packets). */
int accel_stream_create(struct accel_vm *vm, struct accel_stream **stream);
void accel_stream_destroy(struct accel_stream *stream);
int accel_stream_reset(struct accel_stream *stream); /* forget what was recorded */
unsigned int accel_stream_packets(const struct accel_stream *stream);

#define ACCEL_LAUNCH_OVERLAP (1u << 0) /* the next launch may start before this ends */
struct accel_launch {
	size_t size;	  /* sizeof the struct */
	uint32_t grid[3]; /* workgroups; 0 counts as 1 */
	unsigned int flags;
	uint64_t stats_va; /* of struct axon_launch_stats, 0 = none */
};
/* Arguments are copied into the stream's own argument memory, at most 4 KiB. */
int accel_stream_launch(struct accel_stream *stream, const struct accel_kernel *kernel,
			const struct accel_launch *launch, const void *args, size_t args_bytes);
/* As above with the arguments in memory that the caller owns and may change between replays. */
int accel_stream_launch_va(struct accel_stream *stream, const struct accel_kernel *kernel,
			   const struct accel_launch *launch, uint64_t args_va);
int accel_stream_copy(struct accel_stream *stream, uint64_t dst, uint64_t src, uint64_t bytes);
int accel_stream_fill(struct accel_stream *stream, uint64_t dst, uint32_t pattern, uint64_t bytes);
int accel_stream_timestamp(struct accel_stream *stream, uint64_t va);
int accel_stream_signal(struct accel_stream *stream, uint64_t va, uint64_t value);
int accel_stream_wait(struct accel_stream *stream, uint64_t va, uint64_t value);
/* Raw packet, for tests of the device's checks. */
int accel_stream_packet(struct accel_stream *stream, const struct axon_packet *packet);

/* ---- kernel output (axon_printf) ---- */
/* Gives the address space a log of `bytes`; launches recorded afterwards write to it. */
int accel_vm_enable_log(struct accel_vm *vm, size_t bytes);
/* Moves what kernels printed so far into text (NUL-terminated); returns its length or -errno. */
long accel_vm_read_log(struct accel_vm *vm, char *text, size_t bytes);

/* ---- errors ---- */
const char *accel_strerror(int err);		    /* of a negative errno from this library */
const char *accel_fault_name(unsigned int cause);   /* "PAGE_READ" */
const char *accel_fault_text(unsigned int cause);   /* the catalogue's sentence */
const char *accel_fault_action(unsigned int cause); /* and what to do */
/* "PAGE_READ at 0x… by core 0 DMA, pc 0x… kernel+0x14 (file:line), workgroup 3,0,0". prog may be NULL. */
int accel_fault_format(const struct axon_fault *fault, struct accel_program *prog, char *text,
		       size_t bytes);
const char *accel_version(void);

#ifdef __cplusplus
}
#endif

#endif
