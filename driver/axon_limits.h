/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_LIMITS_H
#define AXON_LIMITS_H

#include <linux/types.h>

u64 axon_limits_hang_cycles(void);
u32 axon_limits_wall_ms(void);
u64 axon_limits_cycles(void);
unsigned int axon_limits_timeout_ms(void);

#endif
