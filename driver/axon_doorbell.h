/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_DOORBELL_H
#define AXON_DOORBELL_H

#include <linux/types.h>

struct axon_queue;
struct file;
struct vm_area_struct;

int axon_mmap(struct file *file, struct vm_area_struct *vma);
u64 axon_doorbell_offset(const struct axon_queue *q);
void axon_doorbell_zap(struct axon_queue *q);

#endif
