/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_IRQ_H
#define AXON_IRQ_H

#include <linux/types.h>

struct axon_device;
struct axon_slot;

int axon_irq_init(struct axon_device *adev);
void axon_irq_fini(struct axon_device *adev);
void axon_irq_restore(struct axon_device *adev);
void axon_irq_start(struct axon_device *adev);
void axon_irq_enable_slot(struct axon_slot *slot, bool enable);

#endif
