// SPDX-License-Identifier: GPL-2.0
/**
 * DOC: Limits
 *
 * What keeps fences bounded in time, as parameters of the module. The chip enforces them; a queue
 * takes their values when it is created, and keeps them.
 *
 * hang_ms: modelled time without progress after which a queue dies of a HANG. Progress is a packet,
 * a workgroup or an engine operation that completes, so a slow program is safe and for(;;); is not.
 *
 * wall_ms: the same in wall time, where modelled time stands still: one endless engine operation,
 * a WAIT that nobody signals, an emulator that is short of processor time.
 *
 * limit_ms: modelled time that one command buffer may take, progress or not: TIMEOUT.
 *
 * The driver's own look at a job comes four times wall_ms after its start, well after the chip
 * should have ended it, and gives up on a chip on which nothing moved in between.
 */

#include <linux/moduleparam.h>

#include "axon_hw.h"
#include "axon_limits.h"

/* Less would end the driver's own copies, more is no limit. */
#define AXON_LIMITS_MIN_MS 100
#define AXON_LIMITS_MAX_MS 3600000

#define AXON_CYCLES_PER_MS (AXON_CLOCK_HZ / 1000)

static unsigned int hang_ms = 2000;
static unsigned int wall_ms = 30000;
static unsigned int limit_ms = 600000;

static int axon_limits_set(const char *value, const struct kernel_param *kp)
{
	return param_set_uint_minmax(value, kp, AXON_LIMITS_MIN_MS, AXON_LIMITS_MAX_MS);
}

static const struct kernel_param_ops axon_limits_ops = {
	.set = axon_limits_set,
	.get = param_get_uint,
};

module_param_cb(hang_ms, &axon_limits_ops, &hang_ms, 0644);
__MODULE_PARM_TYPE(hang_ms, "uint");
MODULE_PARM_DESC(hang_ms,
		 "Modelled ms without progress that end a queue, 100 to 3600000 (default: 2000)");

module_param_cb(wall_ms, &axon_limits_ops, &wall_ms, 0644);
__MODULE_PARM_TYPE(wall_ms, "uint");
MODULE_PARM_DESC(wall_ms,
		 "Wall ms without progress that end a queue, 100 to 3600000 (default: 30000)");

module_param_cb(limit_ms, &axon_limits_ops, &limit_ms, 0644);
__MODULE_PARM_TYPE(limit_ms, "uint");
MODULE_PARM_DESC(limit_ms,
		 "Modelled ms that a command buffer may take, 100 to 3600000 (default: 600000)");

/**
 * axon_limits_hang_cycles() - the no-progress limit of a new queue
 *
 * Return: modelled cycles.
 */
u64 axon_limits_hang_cycles(void)
{
	return (u64)READ_ONCE(hang_ms) * AXON_CYCLES_PER_MS;
}

/**
 * axon_limits_wall_ms() - the no-progress limit of a new queue in wall time
 *
 * Return: milliseconds.
 */
u32 axon_limits_wall_ms(void)
{
	return READ_ONCE(wall_ms);
}

/**
 * axon_limits_cycles() - how long a command buffer of a new queue may take
 *
 * Return: modelled cycles.
 */
u64 axon_limits_cycles(void)
{
	return (u64)READ_ONCE(limit_ms) * AXON_CYCLES_PER_MS;
}

/**
 * axon_limits_timeout_ms() - when the driver itself looks at a job
 *
 * Return: milliseconds.
 */
unsigned int axon_limits_timeout_ms(void)
{
	return 4 * READ_ONCE(wall_ms);
}
