/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_PLACE_H
#define AXON_PLACE_H

struct axon_bo;
struct axon_device;
struct drm_exec;
struct drm_gpuvm_bo;

int axon_place(struct axon_device *adev, int (*attempt)(void *arg), void *arg);
void axon_place_leave(struct axon_bo *bo);
int axon_place_return(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec);

#endif
