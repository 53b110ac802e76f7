// SPDX-License-Identifier: MIT
#include <errno.h>
#include <libdrm/drm.h>
#include <sys/ioctl.h>

#include "bench.h"
#include "bench_floor.h"

#define SAMPLES 1000

static int ring_and_look(struct chip *chip)
{
	int ret = accel_queue_ring_doorbell(chip->queue);
	uint64_t value;

	return ret ? ret : accel_timeline_query(chip->timeline, &value);
}

static int ask_nothing(struct chip *chip)
{
	struct drm_version version = {0};

	return ioctl(accel_device_fd(chip->dev), DRM_IOCTL_VERSION, &version) ? -errno : 0;
}

/* Between two readings of the clock, as a submission is. */
static int measure(struct chip *chip, int (*operation)(struct chip *), struct bench_floor *floor,
		   struct axon_err *err)
{
	uint64_t samples[SAMPLES];

	for (unsigned int i = 0; i <= SAMPLES; i++) {
		uint64_t start = bench_now_ns();
		int ret = operation(chip);

		if (ret)
			return chip_fail(err, "measuring the floor", ret);
		if (i)
			samples[i - 1] = bench_now_ns() - start;
	}
	floor->repetitions = SAMPLES;
	floor->median_us = bench_median(samples, SAMPLES) / 1e3;
	floor->min_us = (double)samples[0] / 1e3;
	return 0;
}

int bench_floors_measure(struct chip *chip, struct bench_floors *floors, struct axon_err *err)
{
	int ret = 0;

	*floors = (struct bench_floors){0};
	if (chip->user_queue)
		ret = measure(chip, ring_and_look, &floors->doorbell, err);
	/* in-process there is no kernel to ask */
	if (!ret && accel_device_fd(chip->dev) >= 0)
		ret = measure(chip, ask_nothing, &floors->ioctl, err);
	return ret;
}
