/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_SCHED_H
#define AXON_SCHED_H

struct axon_queue;

int axon_sched_queue_init(struct axon_queue *q);

#endif
