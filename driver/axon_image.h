/* SPDX-License-Identifier: GPL-2.0 */
#ifndef AXON_IMAGE_H
#define AXON_IMAGE_H

struct axon_device;
struct axon_image;

int axon_image_save(struct axon_device *adev);
int axon_image_restore(struct axon_device *adev);
void axon_image_free(struct axon_device *adev, struct axon_image *image);

#endif
