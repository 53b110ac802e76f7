/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_MIGRATE_H
#define AXON_MIGRATE_H

#include <linux/types.h>

struct axon_device;
struct ttm_resource;

void axon_migrate_revive(struct axon_device *adev);
int axon_migrate_init(struct axon_device *adev);
int axon_migrate_resume(struct axon_device *adev);
void axon_migrate_fini(struct axon_device *adev);
int axon_migrate_clear(struct axon_device *adev, struct ttm_resource *res);
int axon_migrate_copy(struct axon_device *adev, struct ttm_resource *res, const dma_addr_t *pages,
		      bool to_vram);

#endif
