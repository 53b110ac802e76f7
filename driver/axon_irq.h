/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_IRQ_H
#define AXON_IRQ_H

struct axon_device;

int axon_irq_init(struct axon_device *adev);
void axon_irq_fini(struct axon_device *adev);

#endif
