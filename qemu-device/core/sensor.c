// SPDX-License-Identifier: MIT
#include "sensor.h"

#include <math.h>
#include <string.h>

#define IDLE_MW	     2000
#define IDLE_CORE_MW 250
#define AMBIENT_MC   30000.0
#define RISE_MC	     60000.0 /* with everything busy */
#define TIME_NS	     10e9    /* constant of the heat sink */

/* While busy, beside the idle power. */
static const uint32_t engine_mw[AXON_NUM_ENGINES] = {
	[AXON_ENGINE_DMA] = 500,  [AXON_ENGINE_MATRIX] = 6000, [AXON_ENGINE_VECTOR] = 2000,
	[AXON_ENGINE_HART] = 500, [AXON_ENGINE_COPY] = 1500,
};

static uint32_t idle_mw(unsigned int cores)
{
	return IDLE_MW + cores * IDLE_CORE_MW;
}

uint32_t sensor_power_max(unsigned int cores)
{
	uint32_t mw = idle_mw(cores);

	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		mw += engine_mw[e] * (e == AXON_ENGINE_COPY ? 1 : cores);
	return mw;
}

void sensor_init(struct sensor *sensor)
{
	memset(sensor, 0, sizeof(*sensor));
	pthread_mutex_init(&sensor->lock, NULL);
	sensor->temp_mc = AMBIENT_MC;
}

void sensor_fini(struct sensor *sensor)
{
	pthread_mutex_destroy(&sensor->lock);
}

/* uJ since the last look; mW times ns are pJ. A counter that went back was reset in between. */
static double energy_since(const struct sensor *sensor, unsigned int cores, uint64_t ns,
			   const uint64_t busy_ns[AXON_NUM_ENGINES])
{
	double pj = (double)idle_mw(cores) * (double)ns;
	double most = (double)sensor_power_max(cores) * (double)ns;

	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++) {
		uint64_t before = sensor->seen_busy_ns[e];
		uint64_t busy = busy_ns[e] >= before ? busy_ns[e] - before : busy_ns[e];

		pj += (double)engine_mw[e] * (double)busy;
	}
	/* a workgroup counts when it ends, also for the time before the last look */
	return fmin(pj, most) * 1e-6;
}

void sensor_read(struct sensor *sensor, unsigned int cores, uint64_t now_ns,
		 const uint64_t busy_ns[AXON_NUM_ENGINES], struct sensor_reading *reading)
{
	pthread_mutex_lock(&sensor->lock);
	uint64_t ns = now_ns > sensor->seen_ns ? now_ns - sensor->seen_ns : 0;
	double energy_uj = energy_since(sensor, cores, ns, busy_ns);

	if (ns >= AXON_SENSOR_PERIOD_NS) {
		double mw = energy_uj * 1e6 / (double)ns;
		double target = AMBIENT_MC + RISE_MC * mw / sensor_power_max(cores);

		sensor->temp_mc = target + (sensor->temp_mc - target) * exp(-(double)ns / TIME_NS);
		sensor->power_mw = mw;
		sensor->energy_uj += energy_uj;
		sensor->seen_ns = now_ns;
		memcpy(sensor->seen_busy_ns, busy_ns, sizeof(sensor->seen_busy_ns));
		energy_uj = 0;
	}
	if (sensor->energy_uj + energy_uj > (double)sensor->told_uj)
		sensor->told_uj = (uint64_t)(sensor->energy_uj + energy_uj);
	*reading = (struct sensor_reading){
		.temp_mc = (uint32_t)lround(sensor->temp_mc),
		.power_mw =
			sensor->power_mw > 0 ? (uint32_t)lround(sensor->power_mw) : idle_mw(cores),
		.energy_uj = sensor->told_uj,
	};
	pthread_mutex_unlock(&sensor->lock);
}
