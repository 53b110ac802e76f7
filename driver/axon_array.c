// SPDX-License-Identifier: GPL-2.0

#include <kunit/visibility.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "axon_array.h"

/**
 * axon_array_get() - copy an array from user memory
 * @array: the array, count > 0
 * @size: of the elements as the driver knows them
 * @max: elements allowed
 *
 * An element may be longer than the driver knows, as long as it says nothing there. None is
 * shorter: an element that grows will bring the size it had at first with it.
 *
 * Return: the copy, for kvfree(), or an error pointer: -EINVAL for a count or stride out of range,
 * -E2BIG for what the driver does not know, -EFAULT, -ENOMEM.
 */
void *axon_array_get(const struct drm_axon_array *array, size_t size, u32 max)
{
	const char __user *from = u64_to_user_ptr(array->pointer);
	char *copy;
	int ret = 0;
	u32 i;

	if (array->count > max || array->stride < size || array->stride > PAGE_SIZE ||
	    array->stride % sizeof(u64))
		return ERR_PTR(-EINVAL);

	copy = kvmalloc_array(array->count, size, GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < array->count && !ret; i++)
		ret = copy_struct_from_user(copy + i * size, size, from + (u64)i * array->stride,
					    array->stride);
	if (ret) {
		kvfree(copy);
		return ERR_PTR(ret);
	}
	return copy;
}
EXPORT_SYMBOL_IF_KUNIT(axon_array_get);
