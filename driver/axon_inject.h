/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_INJECT_H
#define AXON_INJECT_H

struct axon_device;

#ifdef CONFIG_FAULT_INJECTION
void axon_inject_init(struct axon_device *adev);
#else
static inline void axon_inject_init(struct axon_device *adev)
{
}
#endif

#endif
