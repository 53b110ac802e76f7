// SPDX-License-Identifier: GPL-2.0

#include "axon_job.h"
#include "fake.h"

#define START SZ_4G
#define END   BIT_ULL(47)

static void job_calls(struct kunit *test)
{
	static const struct {
		struct drm_axon_call call;
		int want;
	} cases[] = {
		{ { .va = START, .count = 1 }, 0 },
		{ { .va = START + 64, .count = 1000 }, 0 },
		{ { .va = END - 64, .count = 1 }, 0 },
		{ { .va = END - 64ull * U32_MAX, .count = U32_MAX }, 0 },
		/* padding, empty */
		{ { .va = START, .count = 1, .pad = 1 }, -EINVAL },
		{ { .va = START, .count = 0 }, -EINVAL },
		/* not on 64 bytes */
		{ { .va = START + 32, .count = 1 }, -EINVAL },
		{ { .va = START + 1, .count = 1 }, -EINVAL },
		/* outside of what a program may map */
		{ { .va = 0, .count = 1 }, -EINVAL },
		{ { .va = START - 64, .count = 1 }, -EINVAL },
		{ { .va = START - 64, .count = 2 }, -EINVAL },
		{ { .va = END, .count = 1 }, -EINVAL },
		{ { .va = END - 64, .count = 2 }, -EINVAL },
		{ { .va = END - 64, .count = U32_MAX }, -EINVAL },
		/* the end wraps around */
		{ { .va = U64_MAX - 63, .count = 1 }, -EINVAL },
		{ { .va = U64_MAX - 63, .count = 0x4000000 + 2 }, -EINVAL },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, axon_job_check_call(&cases[i].call), cases[i].want,
				    "va %#llx count %u pad %u", cases[i].call.va,
				    cases[i].call.count, cases[i].call.pad);
}

static struct kunit_case job_cases[] = {
	KUNIT_CASE(job_calls),
	{},
};

static struct kunit_suite job_suite = {
	.name = "axon_job",
	.test_cases = job_cases,
};

kunit_test_suite(job_suite);
