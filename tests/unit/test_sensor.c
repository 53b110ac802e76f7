// SPDX-License-Identifier: MIT
/* Temperature, power and energy against the rule of docs/hardware.md, worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "chip.h"
#include "sensor.h"

#define SECOND 1000000000ull
#define CORES  4

/* 2 W + 4 · 0.25 W; and with 4 · (0.5 + 6 + 2 + 0.5) W and 1.5 W on top */
#define IDLE_MW 3000
#define MAX_MW	40500

static void read_at(struct sensor *s, uint64_t ns, const uint64_t busy_ns[AXON_NUM_ENGINES],
		    struct sensor_reading *r)
{
	sensor_read(s, CORES, ns, busy_ns, r);
}

static void test_idle(void **state)
{
	const uint64_t busy_ns[AXON_NUM_ENGINES] = {0};
	struct sensor_reading r;
	struct sensor s;

	(void)state;
	sensor_init(&s);
	read_at(&s, 1000, busy_ns, &r);
	assert_int_equal(r.temp_mc, 30000);
	assert_int_equal(r.power_mw, IDLE_MW);
	read_at(&s, 10 * SECOND, busy_ns, &r);
	assert_int_equal(r.power_mw, IDLE_MW);
	assert_int_equal(r.energy_uj, 10ull * IDLE_MW * 1000);
	/* one time constant towards 30 + 60 · 3 / 40.5 = 34.444 */
	assert_float_equal(r.temp_mc, 34444.4 - 4444.4 * exp(-1), 2);
	sensor_fini(&s);
}

static void test_busy(void **state)
{
	uint64_t busy_ns[AXON_NUM_ENGINES] = {0};
	struct sensor_reading r;
	struct sensor s;

	(void)state;
	assert_int_equal(sensor_power_max(CORES), MAX_MW);
	sensor_init(&s);
	read_at(&s, SECOND, busy_ns, &r);
	/* for a second: two matrix engines, half a vector engine, the copy engine */
	busy_ns[AXON_ENGINE_MATRIX] = 2 * SECOND;
	busy_ns[AXON_ENGINE_VECTOR] = SECOND / 2;
	busy_ns[AXON_ENGINE_COPY] = SECOND;
	read_at(&s, 2 * SECOND, busy_ns, &r);
	assert_int_equal(r.power_mw, IDLE_MW + 2 * 6000 + 1000 + 1500);
	assert_int_equal(r.energy_uj, (2 * IDLE_MW + 14500) * 1000);
	/* a long time with everything busy, and what is more than that is not believed */
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		busy_ns[e] += 8000 * SECOND;
	read_at(&s, 1002 * SECOND, busy_ns, &r);
	assert_int_equal(r.power_mw, MAX_MW);
	assert_int_equal(r.temp_mc, 90000);
	assert_true(r.temp_mc < SENSOR_TEMP_CRIT_MC);
	sensor_fini(&s);
}

/* Those who look often see the mean of a period, and energy that only grows. */
static void test_often(void **state)
{
	uint64_t busy_ns[AXON_NUM_ENGINES] = {0};
	struct sensor_reading r, before = {0};
	struct sensor s;

	(void)state;
	sensor_init(&s);
	for (uint64_t ns = 0; ns < SECOND; ns += AXON_SENSOR_PERIOD_NS / 10) {
		/* counters are reset half-way */
		busy_ns[AXON_ENGINE_MATRIX] = ns % (SECOND / 2);
		read_at(&s, ns, busy_ns, &r);
		assert_true(r.energy_uj >= before.energy_uj);
		if (ns >= AXON_SENSOR_PERIOD_NS && ns % (SECOND / 2) > AXON_SENSOR_PERIOD_NS)
			assert_int_equal(r.power_mw, IDLE_MW + 6000);
		before = r;
	}
	assert_in_range(r.energy_uj, 8000000, 9000000);
	sensor_fini(&s);
}

static void test_registers(void **state)
{
	struct chip *c = chip_new(CORES, 1);
	const uint64_t page = AXON_PAGE_SENSOR;

	(void)state;
	assert_int_equal(chip_r32(c, page + AXON_REG_SENSOR_TEMP), 30000);
	assert_int_equal(chip_r32(c, page + AXON_REG_SENSOR_TEMP_CRIT), 105000);
	assert_int_equal(chip_r32(c, page + AXON_REG_SENSOR_POWER), IDLE_MW);
	assert_int_equal(chip_r32(c, page + AXON_REG_SENSOR_POWER_MAX), MAX_MW);
	/* idle power since power-on: 3 uJ in a microsecond */
	assert_true(chip_r64(c, page + AXON_REG_SENSOR_ENERGY) <=
		    chip_r64(c, AXON_REG_TIMESTAMP) * 3 / 1000);
	chip_w32(c, page + AXON_REG_SENSOR_TEMP, 1);
	assert_int_equal(chip_r32(c, page + AXON_REG_SENSOR_TEMP), 30000);
	chip_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_often),
		cmocka_unit_test(test_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
