// SPDX-License-Identifier: GPL-2.0
/*
 * VM_BIND through the ioctl: what it makes of the tree of mappings, and what the chip then finds.
 */

#include <drm/drm_gem.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "axon_gem.h"
#include "axon_vm.h"
#include "fake.h"

#define BASE  (SZ_4G + SZ_1M)
#define END   BIT_ULL(47)
#define PAGES 8
#define PTE   (AXON_PTE_V | AXON_PTE_LEAF | AXON_PTE_SYS)

struct bind_test {
	struct axon_device *adev;
	struct drm_file *file;
	u32 vm;
	/* a buffer of PAGES pages */
	u32 bo;
};

static int bind_test_init(struct kunit *test)
{
	struct bind_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->adev = fake_device(test);
	t->file = fake_open(test, t->adev);
	t->vm = fake_vm(test, t->file);
	t->bo = fake_bo(test, t->file, PAGES * SZ_4K, 0);
	return 0;
}

/* Operations; offsets and sizes in pages, addresses in pages from BASE. */
static struct drm_axon_bind_op op_map(u32 bo, u64 page, u64 offset, u64 pages)
{
	return (struct drm_axon_bind_op){
		.op = DRM_AXON_BIND_MAP,
		.bo_handle = bo,
		.bo_offset = offset * SZ_4K,
		.va = BASE + page * SZ_4K,
		.size = pages * SZ_4K,
	};
}

static struct drm_axon_bind_op op_unmap(u64 page, u64 pages)
{
	return (struct drm_axon_bind_op){
		.op = DRM_AXON_BIND_UNMAP,
		.va = BASE + page * SZ_4K,
		.size = pages * SZ_4K,
	};
}

static int bind_in(struct kunit *test, u32 vm, const struct drm_axon_bind_op *ops, u32 count)
{
	struct bind_test *t = test->priv;
	struct drm_axon_vm_bind args = {
		.vm_id = vm,
		.ops.stride = sizeof(*ops),
		.ops.count = count,
		.ops.pointer = (uintptr_t)fake_user(test, ops, count * sizeof(*ops)),
	};

	return fake_ioctl(t->file, DRM_AXON_VM_BIND, &args);
}

static int bind(struct kunit *test, struct drm_axon_bind_op op)
{
	struct bind_test *t = test->priv;

	return bind_in(test, t->vm, &op, 1);
}

static struct axon_vm *vm_of(struct kunit *test, u32 id)
{
	struct bind_test *t = test->priv;
	struct axon_vm *vm = xa_load(&to_axon_file(t->file)->vms, id);

	KUNIT_ASSERT_NOT_NULL(test, vm);
	return vm;
}

static struct axon_bo *bo_of(struct kunit *test, u32 handle)
{
	struct bind_test *t = test->priv;
	struct drm_gem_object *obj = drm_gem_object_lookup(t->file, handle);

	KUNIT_ASSERT_NOT_NULL(test, obj);
	drm_gem_object_put(obj); /* the handle holds it */
	return to_axon_bo(obj);
}

static u64 entry_in(struct kunit *test, u32 vm, u64 page)
{
	struct bind_test *t = test->priv;

	return fake_walk(test, t->adev, vm_of(test, vm)->mmu.as, BASE + page * SZ_4K).entry;
}

/* Pages @page and on are those of the buffer from @offset on. */
static void expect_mapped(struct kunit *test, u64 page, u64 offset, u64 pages, u64 flags)
{
	struct bind_test *t = test->priv;
	dma_addr_t *at = bo_of(test, t->bo)->tbo.ttm->dma_address;
	u64 i;

	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_EQ_MSG(test, entry_in(test, t->vm, page + i),
				    at[offset + i] | PTE | flags, "page %llu", page + i);
}

static void expect_unmapped(struct kunit *test, u64 page, u64 pages)
{
	struct bind_test *t = test->priv;
	u64 i;

	for (i = 0; i < pages; i++)
		KUNIT_EXPECT_EQ_MSG(test, entry_in(test, t->vm, page + i), 0ull, "page %llu",
				    page + i);
}

/* Mappings in one VM that a move of the buffer finds. */
static unsigned int mappings_of(struct ttm_buffer_object *tbo, struct axon_vm *vm)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;
	unsigned int count = 0;

	drm_gem_for_each_gpuvm_bo(vm_bo, &tbo->base) {
		drm_gpuvm_bo_for_each_va(va, vm_bo)
			count += vm_bo->vm == &vm->base;
	}
	return count;
}

static void check_tree(struct kunit *test, const u64 want[][3], unsigned int count)
{
	struct bind_test *t = test->priv;
	struct axon_vm *vm = vm_of(test, t->vm);
	struct ttm_buffer_object *tbo = &bo_of(test, t->bo)->tbo;
	struct drm_gpuva *va;
	unsigned int i = 0;

	drm_gpuvm_for_each_va(va, &vm->base) {
		KUNIT_ASSERT_LT(test, i, count);
		KUNIT_EXPECT_EQ(test, va->va.addr, BASE + want[i][0] * SZ_4K);
		KUNIT_EXPECT_EQ(test, va->gem.offset, want[i][1] * SZ_4K);
		KUNIT_EXPECT_EQ(test, va->va.range, want[i][2] * SZ_4K);
		i++;
	}
	KUNIT_EXPECT_EQ(test, i, count);
	KUNIT_ASSERT_EQ(test, 0, ttm_bo_reserve(tbo, false, false, NULL));
	KUNIT_EXPECT_EQ(test, mappings_of(tbo, vm), count);
	ttm_bo_unreserve(tbo);
}

/* The tree has exactly these mappings, in the order of addresses: { page, offset, pages }. */
#define expect_tree(test, ...)                            \
	do {                                              \
		const u64 want[][3] = { __VA_ARGS__ };    \
		check_tree(test, want, ARRAY_SIZE(want)); \
	} while (0)

static void bind_map(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	expect_mapped(test, 0, 0, PAGES, AXON_PTE_W);
	expect_unmapped(test, -1, 1);
	expect_unmapped(test, PAGES, 1);
	expect_tree(test, { 0, 0, PAGES });
}

static void bind_part(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 1, 5, 2)));
	expect_unmapped(test, 0, 1);
	expect_mapped(test, 1, 5, 2, AXON_PTE_W);
	expect_unmapped(test, 3, 1);
	expect_tree(test, { 1, 5, 2 });
}

static void bind_flags(struct kunit *test)
{
	static const struct {
		u32 flags;
		u64 want;
	} cases[] = {
		{ 0, AXON_PTE_W },
		{ DRM_AXON_BIND_READONLY, 0 },
		{ DRM_AXON_BIND_EXEC, AXON_PTE_W | AXON_PTE_X },
		{ DRM_AXON_BIND_READONLY | DRM_AXON_BIND_EXEC, AXON_PTE_X },
	};
	struct bind_test *t = test->priv;
	struct drm_axon_bind_op op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		op = op_map(t->bo, i, i, 1);
		op.flags = cases[i].flags;
		KUNIT_ASSERT_EQ(test, 0, bind(test, op));
		expect_mapped(test, i, i, 1, cases[i].want);
	}
}

static void bind_unmap(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(0, PAGES)));
	expect_unmapped(test, 0, PAGES);
	expect_tree(test);
}

static void bind_unmap_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, bind(test, op_unmap(0, 1000)));
	expect_tree(test);
}

static void bind_cut_start(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(0, 3)));
	expect_unmapped(test, 0, 3);
	expect_mapped(test, 3, 3, PAGES - 3, AXON_PTE_W);
	expect_tree(test, { 3, 3, 5 });
}

static void bind_cut_end(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(6, 10)));
	expect_mapped(test, 0, 0, 6, AXON_PTE_W);
	expect_unmapped(test, 6, 2);
	expect_tree(test, { 0, 0, 6 });
}

/* The two that remain keep the flags of the one that was. */
static void bind_cut_middle(struct kunit *test)
{
	struct bind_test *t = test->priv;
	struct drm_axon_bind_op op = op_map(t->bo, 0, 0, PAGES);

	op.flags = DRM_AXON_BIND_READONLY | DRM_AXON_BIND_EXEC;
	KUNIT_ASSERT_EQ(test, 0, bind(test, op));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(2, 3)));
	expect_mapped(test, 0, 0, 2, AXON_PTE_X);
	expect_unmapped(test, 2, 3);
	expect_mapped(test, 5, 5, 3, AXON_PTE_X);
	expect_tree(test, { 0, 0, 2 }, { 5, 5, 3 });
}

static void bind_over_middle(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 3, 0, 2)));
	expect_mapped(test, 0, 0, 3, AXON_PTE_W);
	expect_mapped(test, 3, 0, 2, AXON_PTE_W);
	expect_mapped(test, 5, 5, 3, AXON_PTE_W);
	expect_tree(test, { 0, 0, 3 }, { 3, 0, 2 }, { 5, 5, 3 });
}

static void bind_over_same(struct kunit *test)
{
	struct bind_test *t = test->priv;
	struct drm_axon_bind_op op = op_map(t->bo, 0, 2, 4);

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, 4)));
	op.flags = DRM_AXON_BIND_READONLY;
	KUNIT_ASSERT_EQ(test, 0, bind(test, op));
	expect_mapped(test, 0, 2, 4, 0);
	expect_tree(test, { 0, 2, 4 });
}

/* One range over the end of one mapping, a hole, a whole mapping and the start of a third. */
static void bind_unmap_several(struct kunit *test)
{
	struct bind_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, 4)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 6, 1, 2)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 8, 4, 4)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(2, 8)));
	expect_mapped(test, 0, 0, 2, AXON_PTE_W);
	expect_unmapped(test, 2, 8);
	expect_mapped(test, 10, 6, 2, AXON_PTE_W);
	expect_tree(test, { 0, 0, 2 }, { 10, 6, 2 });
}

/* Operations of one call build on one another. */
static void bind_in_order(struct kunit *test)
{
	struct bind_test *t = test->priv;
	const struct drm_axon_bind_op ops[] = {
		op_map(t->bo, 0, 0, 8),
		op_unmap(1, 6),
		op_map(t->bo, 2, 7, 1),
	};

	KUNIT_ASSERT_EQ(test, 0, bind_in(test, t->vm, ops, ARRAY_SIZE(ops)));
	expect_mapped(test, 0, 0, 1, AXON_PTE_W);
	expect_unmapped(test, 1, 1);
	expect_mapped(test, 2, 7, 1, AXON_PTE_W);
	expect_unmapped(test, 3, 4);
	expect_mapped(test, 7, 7, 1, AXON_PTE_W);
	expect_tree(test, { 0, 0, 1 }, { 2, 7, 1 }, { 7, 7, 1 });
}

static void bind_all_or_nothing(struct kunit *test)
{
	struct bind_test *t = test->priv;
	const struct drm_axon_bind_op ops[] = {
		op_map(t->bo, 10, 0, 2),
		op_unmap(0, 1),
		/* beyond the buffer's end */
		op_map(t->bo, 20, PAGES - 1, 2),
	};

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, 2)));
	KUNIT_EXPECT_EQ(test, bind_in(test, t->vm, ops, ARRAY_SIZE(ops)), -EINVAL);
	expect_mapped(test, 0, 0, 2, AXON_PTE_W);
	expect_unmapped(test, 10, 2);
	expect_tree(test, { 0, 0, 2 });
}

/*
 * A buffer that device memory is too small for is found out when the third operation brings it
 * there: the two before it are in the tree by then.
 */
static void bind_undone(struct kunit *test)
{
	static const struct ttm_place vram = { .mem_type = TTM_PL_VRAM };
	struct bind_test *t = test->priv;
	struct ttm_resource_manager *man = &t->adev->vram.base;
	u32 other = fake_bo(test, t->file, SZ_4K, 0);
	struct ttm_buffer_object *all;
	struct ttm_resource *res;
	const struct drm_axon_bind_op ops[] = {
		op_map(t->bo, 2, 0, 2),
		op_unmap(5, 1),
		op_map(other, 12, 0, 1),
	};

	all = kunit_kzalloc(test, sizeof(*all), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	all->base.size = FAKE_VRAM_SIZE;
	all->bdev = &t->adev->ttm;
	all->pin_count = 1; /* there is nothing to evict */
	KUNIT_ASSERT_EQ(test, 0, man->func->alloc(man, all, &vram, &res));
	bo_of(test, other)->flags = DRM_AXON_BO_VRAM;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_EXPECT_EQ(test, bind_in(test, t->vm, ops, ARRAY_SIZE(ops)), -ENOSPC);
	expect_mapped(test, 0, 0, PAGES, AXON_PTE_W);
	expect_unmapped(test, 12, 1);
	expect_tree(test, { 0, 0, PAGES });
	man->func->free(man, res);
}

static void bind_ranges(struct kunit *test)
{
	static const struct {
		u64 va, size, offset;
		int want;
	} cases[] = {
		{ SZ_4G, SZ_4K, 0, 0 },
		{ END - SZ_4K, SZ_4K, 0, 0 },
		{ SZ_4G, PAGES * SZ_4K, 0, 0 },
		{ SZ_4G, SZ_4K, (PAGES - 1) * SZ_4K, 0 },
		/* not whole pages, nothing at all */
		{ SZ_4G + 1, SZ_4K, 0, -EINVAL },
		{ SZ_4G, SZ_4K + 8, 0, -EINVAL },
		{ SZ_4G, SZ_4K, 2048, -EINVAL },
		{ SZ_4G, 0, 0, -EINVAL },
		/* outside of what a program may map */
		{ 0, SZ_4K, 0, -EINVAL },
		{ SZ_4G - SZ_4K, SZ_4K, 0, -EINVAL },
		{ SZ_4G - SZ_4K, 2 * SZ_4K, 0, -EINVAL },
		{ END, SZ_4K, 0, -EINVAL },
		{ END - SZ_4K, 2 * SZ_4K, 0, -EINVAL },
		/* the end of the range, or of the part of the buffer, wraps around */
		{ -(u64)SZ_4K, 2 * SZ_4K, 0, -EINVAL },
		{ SZ_4G, -(u64)SZ_4G, 0, -EINVAL },
		{ SZ_4G, -(u64)SZ_4K, 0, -EINVAL },
		{ SZ_4G, SZ_4K, -(u64)SZ_4K, -EINVAL },
		/* outside of the buffer */
		{ SZ_4G, (PAGES + 1) * SZ_4K, 0, -EINVAL },
		{ SZ_4G, SZ_4K, PAGES * SZ_4K, -EINVAL },
		{ SZ_4G, PAGES * SZ_4K, SZ_4K, -EINVAL },
	};
	struct bind_test *t = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_axon_bind_op op = op_map(t->bo, 0, 0, 1);

		op.va = cases[i].va;
		op.size = cases[i].size;
		op.bo_offset = cases[i].offset;
		KUNIT_EXPECT_EQ_MSG(test, bind(test, op), cases[i].want,
				    "va %#llx size %#llx offset %#llx", op.va, op.size,
				    op.bo_offset);
	}
}

static void bind_bad_operations(struct kunit *test)
{
	struct bind_test *t = test->priv;
	struct drm_axon_bind_op op;

	op = op_map(t->bo, 0, 0, 1);
	op.pad = 1;
	KUNIT_EXPECT_EQ(test, bind(test, op), -EINVAL);
	op = op_map(t->bo, 0, 0, 1);
	op.flags = 4;
	KUNIT_EXPECT_EQ(test, bind(test, op), -EINVAL);
	op = op_map(t->bo, 0, 0, 1);
	op.op = 99;
	KUNIT_EXPECT_EQ(test, bind(test, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind(test, op_map(4711, 0, 0, 1)), -ENOENT);
	/* What says nothing to an unmapping must be zero. */
	op = op_unmap(0, 1);
	op.flags = DRM_AXON_BIND_READONLY;
	KUNIT_EXPECT_EQ(test, bind(test, op), -EINVAL);
	op = op_unmap(0, 1);
	op.bo_handle = t->bo;
	KUNIT_EXPECT_EQ(test, bind(test, op), -EINVAL);
	op = op_unmap(0, 1);
	op.bo_offset = SZ_4K;
	KUNIT_EXPECT_EQ(test, bind(test, op), -EINVAL);
}

static void bind_vms(struct kunit *test)
{
	struct bind_test *t = test->priv;
	const struct drm_axon_bind_op op = op_map(t->bo, 0, 0, 1);

	KUNIT_EXPECT_EQ(test, bind_in(test, 0, &op, 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, bind_in(test, t->vm + 1, &op, 1), -ENOENT);
}

static void bind_two_vms(struct kunit *test)
{
	struct bind_test *t = test->priv;
	const struct drm_axon_bind_op op = op_map(t->bo, 0, 3, 1);
	u32 other = fake_vm(test, t->file);

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, 1)));
	KUNIT_ASSERT_EQ(test, 0, bind_in(test, other, &op, 1));
	expect_mapped(test, 0, 0, 1, AXON_PTE_W);
	KUNIT_EXPECT_EQ(test, entry_in(test, other, 0),
			bo_of(test, t->bo)->tbo.ttm->dma_address[3] | PTE | AXON_PTE_W);
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(0, 1)));
	KUNIT_EXPECT_NE(test, entry_in(test, other, 0), 0ull);
}

static void bind_private(struct kunit *test)
{
	struct bind_test *t = test->priv;
	u32 other = fake_vm(test, t->file);
	u32 own = fake_bo(test, t->file, SZ_4K, t->vm);
	const struct drm_axon_bind_op op = op_map(own, 0, 0, 1);

	KUNIT_EXPECT_EQ(test, bind_in(test, other, &op, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, bind_in(test, t->vm, &op, 1), 0);
	KUNIT_EXPECT_NE(test, entry_in(test, t->vm, 0), 0ull);
}

/* A mapping is there until it is unmapped, though nobody can name the buffer any more. */
static void bind_handle_closed(struct kunit *test)
{
	struct bind_test *t = test->priv;
	u32 bo = fake_bo(test, t->file, SZ_4K, 0);
	u64 entry;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(bo, 0, 0, 1)));
	entry = entry_in(test, t->vm, 0);
	KUNIT_ASSERT_EQ(test, 0, drm_gem_handle_delete(t->file, bo));
	KUNIT_EXPECT_EQ(test, entry_in(test, t->vm, 0), entry);
	KUNIT_EXPECT_EQ(test, 0, bind(test, op_unmap(0, 1)));
	KUNIT_EXPECT_EQ(test, entry_in(test, t->vm, 0), 0ull);
}

static void bind_vm_destroyed(struct kunit *test)
{
	struct bind_test *t = test->priv;
	struct drm_axon_vm_destroy args = { .vm_id = t->vm };
	unsigned int as = vm_of(test, t->vm)->mmu.as;

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_ASSERT_EQ(test, 0, fake_ioctl(t->file, DRM_AXON_VM_DESTROY, &args));
	KUNIT_EXPECT_EQ(test, fake_walk(test, t->adev, as, BASE).entry, 0ull);
	KUNIT_EXPECT_TRUE(test, list_empty(&bo_of(test, t->bo)->tbo.base.gpuva.list));
	KUNIT_EXPECT_EQ(test, fake_ioctl(t->file, DRM_AXON_VM_DESTROY, &args), -ENOENT);
}

static void push_out(struct kunit *test, struct ttm_buffer_object *tbo)
{
	static struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };
	struct ttm_placement placement = { .num_placement = 1, .placement = &system };
	struct ttm_operation_ctx ctx = {};

	KUNIT_ASSERT_EQ(test, 0, ttm_bo_reserve(tbo, false, false, NULL));
	KUNIT_EXPECT_EQ(test, 0, ttm_bo_validate(tbo, &placement, &ctx));
	ttm_bo_unreserve(tbo);
}

static void bring_back(struct kunit *test, struct axon_vm *vm)
{
	struct drm_gpuvm_exec vm_exec = { .vm = &vm->base, .num_fences = 1 };

	KUNIT_ASSERT_EQ(test, 0, drm_gpuvm_exec_lock(&vm_exec));
	KUNIT_EXPECT_EQ(test, 0, drm_gpuvm_exec_validate(&vm_exec));
	drm_gpuvm_exec_unlock(&vm_exec);
}

/* A buffer that leaves takes its entries along, in every VM; each VM brings back its own. */
static void bind_leaves_and_returns(struct kunit *test)
{
	struct bind_test *t = test->priv;
	struct axon_vm *vm = vm_of(test, t->vm);
	const struct drm_axon_bind_op part = op_map(t->bo, 20, 2, 1);
	u32 other = fake_vm(test, t->file);

	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 0, 0, PAGES)));
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_unmap(3, 1)));
	KUNIT_ASSERT_EQ(test, 0, bind_in(test, other, &part, 1));

	push_out(test, &bo_of(test, t->bo)->tbo);
	expect_unmapped(test, 0, PAGES);
	KUNIT_EXPECT_EQ(test, entry_in(test, other, 20), 0ull);
	expect_tree(test, { 0, 0, 3 }, { 4, 4, PAGES - 4 });

	/* Mapping it again does not bring back the rest of it. */
	KUNIT_ASSERT_EQ(test, 0, bind(test, op_map(t->bo, 10, 0, 1)));
	expect_unmapped(test, 0, PAGES);

	bring_back(test, vm);
	expect_mapped(test, 0, 0, 3, AXON_PTE_W);
	expect_unmapped(test, 3, 1);
	expect_mapped(test, 4, 4, PAGES - 4, AXON_PTE_W);
	expect_mapped(test, 10, 0, 1, AXON_PTE_W);
	KUNIT_EXPECT_EQ(test, entry_in(test, other, 20), 0ull);
	KUNIT_EXPECT_TRUE(test, list_empty(&vm->base.evict.list));

	bring_back(test, vm_of(test, other));
	KUNIT_EXPECT_NE(test, entry_in(test, other, 20), 0ull);
}

/* 256 address spaces, of which the driver keeps one. */
static void bind_vms_run_out(struct kunit *test)
{
	struct bind_test *t = test->priv;
	struct drm_axon_vm_create args = {};
	unsigned int i;

	for (i = 1; i < 255; i++)
		fake_vm(test, t->file);
	KUNIT_EXPECT_EQ(test, fake_ioctl(t->file, DRM_AXON_VM_CREATE, &args), -EUSERS);
}

static struct kunit_case bind_cases[] = {
	KUNIT_CASE(bind_map),
	KUNIT_CASE(bind_part),
	KUNIT_CASE(bind_flags),
	KUNIT_CASE(bind_unmap),
	KUNIT_CASE(bind_unmap_nothing),
	KUNIT_CASE(bind_cut_start),
	KUNIT_CASE(bind_cut_end),
	KUNIT_CASE(bind_cut_middle),
	KUNIT_CASE(bind_over_middle),
	KUNIT_CASE(bind_over_same),
	KUNIT_CASE(bind_unmap_several),
	KUNIT_CASE(bind_in_order),
	KUNIT_CASE(bind_all_or_nothing),
	KUNIT_CASE(bind_undone),
	KUNIT_CASE(bind_ranges),
	KUNIT_CASE(bind_bad_operations),
	KUNIT_CASE(bind_vms),
	KUNIT_CASE(bind_two_vms),
	KUNIT_CASE(bind_private),
	KUNIT_CASE(bind_handle_closed),
	KUNIT_CASE(bind_vm_destroyed),
	KUNIT_CASE(bind_leaves_and_returns),
	KUNIT_CASE(bind_vms_run_out),
	{},
};

static struct kunit_suite bind_suite = {
	.name = "axon_bind",
	.init = bind_test_init,
	.test_cases = bind_cases,
};

kunit_test_suite(bind_suite);
