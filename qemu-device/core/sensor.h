/* SPDX-License-Identifier: MIT */
/* Temperature, power and energy, by the rule in docs/hardware.md. Worked out when somebody looks. */
#ifndef SENSOR_H
#define SENSOR_H

#include <pthread.h>
#include <stdint.h>

#include "axon_hw.h"

#define SENSOR_TEMP_CRIT_MC 105000

struct sensor {
	pthread_mutex_t lock;
	uint64_t seen_ns; /* when `power_mw` and `temp_mc` were worked out */
	uint64_t seen_busy_ns[AXON_NUM_ENGINES];
	double energy_uj; /* until then */
	uint64_t told_uj; /* the energy never goes back, though counters are reset */
	double temp_mc;
	double power_mw;
};

struct sensor_reading {
	uint32_t temp_mc;
	uint32_t power_mw;
	uint64_t energy_uj;
};

void sensor_init(struct sensor *sensor);
void sensor_fini(struct sensor *sensor);

/* At now_ns since power-on, when the engines of all cores together have been busy for busy_ns[]. */
void sensor_read(struct sensor *sensor, unsigned int cores, uint64_t now_ns,
		 const uint64_t busy_ns[AXON_NUM_ENGINES], struct sensor_reading *reading);

/* mW with everything busy. */
uint32_t sensor_power_max(unsigned int cores);

#endif
