// SPDX-License-Identifier: GPL-2.0
/*
 * Arrays in ioctl arguments, whose elements may be longer than the driver knows.
 */

#include <linux/mm.h>

#include "axon_array.h"
#include "fake.h"

struct element {
	u64 a;
	u64 b;
};

#define LIMIT 8

static struct drm_axon_array array_of(void __user *at, u32 stride, u32 count)
{
	return (struct drm_axon_array){
		.stride = stride,
		.count = count,
		.pointer = (uintptr_t)at,
	};
}

static void expect_error(struct kunit *test, struct drm_axon_array array, int error)
{
	struct element *got = axon_array_get(&array, sizeof(*got), LIMIT);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(got), error);
	if (!IS_ERR(got))
		kvfree(got);
}

static void __user *zero_page(struct kunit *test)
{
	return fake_user(test, page_address(ZERO_PAGE(0)), PAGE_SIZE);
}

static void array_as_known(struct kunit *test)
{
	const struct element in[3] = { { 1, 2 }, { 3, 4 }, { 5, U64_MAX } };
	struct drm_axon_array array = array_of(fake_user(test, in, sizeof(in)), 16, 3);
	struct element *got = axon_array_get(&array, sizeof(*got), LIMIT);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, got);
	KUNIT_EXPECT_MEMEQ(test, got, in, sizeof(in));
	kvfree(got);
}

static void array_longer_elements(struct kunit *test)
{
	const u64 in[] = { 1, 2, 0, 3, 4, 0, 5, 6, 0 };
	const struct element want[3] = { { 1, 2 }, { 3, 4 }, { 5, 6 } };
	struct drm_axon_array array = array_of(fake_user(test, in, sizeof(in)), 24, 3);
	struct element *got = axon_array_get(&array, sizeof(*got), LIMIT);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, got);
	KUNIT_EXPECT_MEMEQ(test, got, want, sizeof(want));
	kvfree(got);
}

/* What the driver does not know must be zero, in each element. */
static void array_unknown_part(struct kunit *test)
{
	const u64 in[] = { 1, 2, 0, 3, 4, 0, 5, 6, 1ull << 63 };
	void __user *at = fake_user(test, in, sizeof(in));

	expect_error(test, array_of(at, 24, 2), 0);
	expect_error(test, array_of(at, 24, 3), -E2BIG);
}

static void array_strides(struct kunit *test)
{
	static const u32 bad[] = { 0, 8, 15, 17, 20, PAGE_SIZE + 8, U32_MAX, U32_MAX - 7 };
	void __user *at = zero_page(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		expect_error(test, array_of(at, bad[i], 1), -EINVAL);
	expect_error(test, array_of(at, PAGE_SIZE, 1), 0);
}

static void array_counts(struct kunit *test)
{
	const struct element in[LIMIT + 1] = {};
	void __user *at = fake_user(test, in, sizeof(in));

	expect_error(test, array_of(at, 16, LIMIT), 0);
	expect_error(test, array_of(at, 16, LIMIT + 1), -EINVAL);
	expect_error(test, array_of(at, 16, U32_MAX), -EINVAL);
}

static void array_unreadable(struct kunit *test)
{
	void __user *at = zero_page(test);

	expect_error(test, array_of(at + PAGE_SIZE, 16, 1), -EFAULT);
	expect_error(test, array_of(NULL, 16, 1), -EFAULT);
	/* The kernel's own memory is none of the caller's. */
	expect_error(test, array_of((void __user __force *)test, 16, 1), -EFAULT);
	/* The second element lies, or ends, beyond what is mapped. */
	expect_error(test, array_of(at + PAGE_SIZE - 16, 16, 2), -EFAULT);
	expect_error(test, array_of(at + PAGE_SIZE - 24, 24, 2), -EFAULT);
	expect_error(test, array_of(at + PAGE_SIZE - 32, 16, 2), 0);
}

static struct kunit_case array_cases[] = {
	KUNIT_CASE(array_as_known),
	KUNIT_CASE(array_longer_elements),
	KUNIT_CASE(array_unknown_part),
	KUNIT_CASE(array_strides),
	KUNIT_CASE(array_counts),
	KUNIT_CASE(array_unreadable),
	{},
};

static struct kunit_suite array_suite = {
	.name = "axon_array",
	.test_cases = array_cases,
};

kunit_test_suite(array_suite);
