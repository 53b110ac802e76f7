/* SPDX-License-Identifier: MIT */
/* The vector engine: runs a decoded program. */
#include <string.h>

#include "convert.h"
#include "vector.h"

/* ---- kernel sets ------------------------------------------------------------------------- */
static const struct vector_kernels *best;

const struct vector_kernels *vector_kernels_nth(unsigned int i)
{
	const struct vector_kernels *sets[4] = {NULL};
	unsigned int n = 0;

#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	    __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16"))
		sets[n++] = &vector_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
	    __builtin_cpu_supports("f16c"))
		sets[n++] = &vector_avx2;
#endif
	sets[n] = &vector_portable;
	return i < 4 ? sets[i] : NULL;
}

const struct vector_kernels *vector_kernels(void)
{
	const struct vector_kernels *k = __atomic_load_n(&best, __ATOMIC_RELAXED);

	if (!k) {
		k = vector_kernels_nth(0);
		__atomic_store_n(&best, k, __ATOMIC_RELAXED);
	}
	return k;
}

void vector_kernels_use(const struct vector_kernels *k)
{
	__atomic_store_n(&best, k, __ATOMIC_RELAXED);
}

/* ---- single instructions ----------------------------------------------------------------- */
/* The condition is monotonic in the column, so it holds in [first, last) of the strip. */
static void affine(const struct vector_state *v, const struct vector_step *s, uint64_t col,
		   uint32_t n, float *d)
{
	const int64_t by_row = (int16_t)s->imm2, by_col = (int16_t)(s->imm2 >> 16);
	const int64_t base = by_row * v->row + by_col * (int64_t)col + (int32_t)s->imm;
	int64_t first = 0, last = n;

	if (by_col > 0 && base < 0)
		first = (-base + by_col - 1) / by_col;
	else if (by_col < 0)
		last = base < 0 ? 0 : base / -by_col + 1;
	else if (!by_col && base < 0)
		last = 0;
	if (first > n)
		first = n;
	if (last > n)
		last = n;
	memset(d, 0, n * sizeof(*d));
	if (first < last)
		memset(d + first, 0xff, (last - first) * sizeof(*d));
}

static void scan(struct vector_state *v, const struct vector_step *s, uint32_t n, float *d)
{
	const struct vector_reg a = v->reg[s->src[0]];
	float *sum = &v->scan[s - v->prog.step], total = *sum;

	for (uint32_t i = 0; i < n; i++)
		d[i] = total += a.p[i * a.step];
	*sum = total;
}

static void map(struct vector_state *v, const struct vector_step *s, uint32_t imm, uint32_t n,
		float *d)
{
	struct vector_map m = {.d = d, .imm = imm, .n = (n + VECTOR_LANES - 1) & -VECTOR_LANES};

	for (int i = 0; i < 3; i++) {
		m.s[i] = v->reg[s->src[i]].p;
		m.step[i] = v->reg[s->src[i]].step;
	}
	s->map(&m);
}

static void random_numbers(struct vector_state *v, const struct vector_step *s, uint64_t col,
			   uint32_t n, float *d)
{
	const uint32_t *word = vector_random(v, s->imm, col, n);

	if (s->op == AXON_V_RANDOM) {
		memcpy(d, word, n * sizeof(*d));
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		d[i] = (float)(int32_t)(word[i] >> 8) * 0x1p-24f;
}

/* ---- top-k: a heap of the best so far, the worst of them at its root --------------------- */
static bool worse(const struct axon_topk *a, const struct axon_topk *b)
{
	return a->value < b->value || (a->value == b->value && a->index > b->index);
}

static void sift_down(struct axon_topk *heap, uint32_t count, uint32_t at)
{
	const struct axon_topk moved = heap[at];

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= count)
			break;
		if (child + 1 < count && worse(&heap[child + 1], &heap[child]))
			child++;
		if (!worse(&heap[child], &moved))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static void topk_add(struct vector_topk *t, uint32_t k, float value, uint32_t col)
{
	uint32_t at;

	if (t->count == k) {
		t->heap[0] = (struct axon_topk){value, col};
		sift_down(t->heap, t->count, 0);
		return;
	}
	at = t->count++;
	for (; at && (value < t->heap[(at - 1) / 2].value || value == t->heap[(at - 1) / 2].value);
	     at = (at - 1) / 2)
		t->heap[at] = t->heap[(at - 1) / 2]; /* columns ascend: the later is the worse */
	t->heap[at] = (struct axon_topk){value, col};
}

static void topk(struct vector_state *v, const struct vector_step *s, uint64_t col, uint32_t n)
{
	struct vector_topk *t = &v->topk[s - v->prog.step];
	const struct vector_reg *r = &v->reg[s->src[0]];
	const float *a = r->p;
	uint32_t i = 0;

	if (!r->step) {
		for (; i < n; i++)
			v->values[i] = a[0];
		a = v->values;
	}
	for (i = 0; i < n && t->count < s->imm; i++)
		if (a[i] == a[i])
			topk_add(t, s->imm, a[i], col + i);
	while (i < n) {
		i = v->k->above(a, i, n, t->heap[0].value);
		if (i < n)
			topk_add(t, s->imm, a[i], col + i);
		i++;
	}
}

/* Sorts by taking the worst from the heap again and again, and stores. */
static int topk_end(struct vector_state *v, const struct vector_step *s)
{
	struct vector_topk *t = &v->topk[s - v->prog.step];
	struct axon_topk sorted[AXON_V_TOPK_MAX];

	for (uint32_t i = t->count; i < s->imm; i++)
		sorted[i] = (struct axon_topk){-__builtin_inff(), ~0u};
	while (t->count) {
		sorted[--t->count] = t->heap[0];
		t->heap[0] = t->heap[t->count];
		if (t->count)
			sift_down(t->heap, t->count, 0);
	}
	return vector_topk_store(v, s, sorted);
}

/* ---- reductions -------------------------------------------------------------------------- */
static void reduce_begin(struct vector_state *v, const struct vector_step *s)
{
	const int32_t neutral = s->op == AXON_V_RMIN				 ? INT32_MAX
				: s->op == AXON_V_RSUM || s->op == AXON_V_RSUMSQ ? 0
										 : INT32_MIN;
	struct vector_acc *acc = &v->acc[s - v->prog.step];

	for (int i = 0; i < VECTOR_LANES; i++) {
		acc->lane[i] = neutral;
		acc->col[i] = 0;
	}
}

typedef float quad __attribute__((vector_size(16)));
typedef int32_t quad_int __attribute__((vector_size(16)));

/* Lane i with i + 8, then i + 4, i + 2, i + 1. */
static float tree_sum(const int32_t *lane)
{
	quad sum[4];

	memcpy(sum, lane, sizeof(sum));
	sum[0] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
	return (sum[0][0] + sum[0][2]) + (sum[0][1] + sum[0][3]);
}

/* The largest lane, or the smallest when flip is ~0. */
static int32_t tree_max(const int32_t *lane, int32_t flip)
{
	quad_int key[4];
	int32_t most;

	memcpy(key, lane, sizeof(key));
	for (int i = 0; i < 4; i++)
		key[i] ^= flip;
	for (int i = 1; i < 4; i++)
		key[0] = (key[0] & (key[0] > key[i])) | (key[i] & ~(key[0] > key[i]));
	most = key[0][0];
	for (int i = 1; i < 4; i++)
		most = key[0][i] > most ? key[0][i] : most;
	return most ^ flip;
}

/* The lowest column among those of the largest key. */
static uint32_t first_maximum(const struct vector_acc *acc)
{
	const int32_t key = tree_max(acc->lane, 0);
	uint32_t col = ~0u;

	for (int i = 0; i < VECTOR_LANES; i++)
		if (acc->lane[i] == key && acc->col[i] < col)
			col = acc->col[i];
	return col;
}

static uint32_t reduce_end(const struct vector_state *v, const struct vector_step *s)
{
	const struct vector_acc *acc = &v->acc[s - v->prog.step];

	switch (s->op) {
	case AXON_V_RMAX: return vector_key(tree_max(acc->lane, 0));
	case AXON_V_RMIN: return vector_key(tree_max(acc->lane, ~0));
	case AXON_V_RARGMAX: /* columns are 0 where nothing was found */ return first_maximum(acc);
	default: return f32_bits(tree_sum(acc->lane));
	}
}

/* ---- passes ------------------------------------------------------------------------------ */
/* One step over n columns from col on. *out = the register it makes, if any; d is free for that. */
static int run_step(struct vector_state *v, struct vector_step *s, uint64_t col, uint32_t n,
		    float *d, struct vector_reg *out)
{
	switch (s->kind) {
	case VECTOR_MAP:
		if (s->direct)
			d = vector_store_place(v, s, col, n, d);
		map(v, s, s->op == AXON_V_COL ? col : s->imm, n, d);
		break;
	case VECTOR_SPLAT:
		out->p = s->splat;
		out->step = 0;
		return 0;
	case VECTOR_LOAD: return vector_load(v, s, col, n, d, out);
	case VECTOR_STORE: return vector_store(v, s, col, n);
	case VECTOR_QUANT: return vector_quant(v, s, col, n);
	case VECTOR_SCATTER: return vector_scatter_add(v, s, n);
	case VECTOR_REDUCE:
		s->reduce(&v->acc[s - v->prog.step], v->reg[s->src[0]].p, v->reg[s->src[0]].step, n,
			  col);
		return 0;
	case VECTOR_TOPK: topk(v, s, col, n); return 0;
	case VECTOR_GATHER:
		out->p = d;
		out->step = 1;
		return vector_gather(v, s, n, d);
	case VECTOR_AFFINE: affine(v, s, col, n, d); break;
	case VECTOR_RANDOM: random_numbers(v, s, col, n, d); break;
	case VECTOR_SCAN: scan(v, s, n, d); break;
	}
	out->p = d;
	out->step = 1;
	return 0;
}

static void set_row_register(struct vector_state *v, unsigned int reg, float value)
{
	float *lanes = v->row_reg[reg - AXON_R(0)];

	for (int i = 0; i < VECTOR_LANES; i++)
		lanes[i] = value;
}

static void pass_begin(struct vector_state *v, const uint8_t *strip, const uint8_t *end)
{
	for (; strip < end; strip++) {
		struct vector_step *s = &v->prog.step[*strip];

		if (s->kind == VECTOR_REDUCE)
			reduce_begin(v, s);
		else if (s->kind == VECTOR_SCAN)
			v->scan[*strip] = 0.0f;
		else if (s->kind == VECTOR_TOPK)
			v->topk[*strip].count = 0;
	}
}

static int pass_end(struct vector_state *v, const uint8_t *strip, const uint8_t *end)
{
	int cause = 0;

	for (; strip < end && !cause; strip++) {
		struct vector_step *s = &v->prog.step[*strip];

		if (s->kind == VECTOR_REDUCE)
			set_row_register(v, s->dst, f32_from_bits(reduce_end(v, s)));
		else if (s->kind == VECTOR_TOPK)
			cause = topk_end(v, s);
	}
	return cause;
}

static int run_strips(struct vector_state *v, const uint8_t *strip, const uint8_t *end)
{
	for (uint64_t col = 0; col < v->prog.cols; col += v->prog.strip_cols) {
		const uint64_t left = v->prog.cols - col;
		const uint32_t n = left < v->prog.strip_cols ? left : v->prog.strip_cols;

		if (engine_stopped(v->e, v->prog.stoppable))
			return ENGINE_STOPPED;
		for (const uint8_t *i = strip; i < end; i++) {
			struct vector_step *s = &v->prog.step[*i];
			int cause = run_step(v, s, col, n, v->strip_reg[s->dst % 16],
					     &v->reg[s->dst % 16]);

			if (cause)
				return cause;
		}
	}
	return 0;
}

static int run_row_steps(struct vector_state *v, const uint8_t *row, const uint8_t *end)
{
	for (; row < end; row++) {
		struct vector_step *s = &v->prog.step[*row];
		struct vector_reg made;
		int cause = run_step(v, s, 0, 1, v->values, &made);

		if (cause)
			return cause;
		if (s->kind != VECTOR_STORE)
			set_row_register(v, s->dst, made.p[0]);
	}
	return 0;
}

static int run_row(struct vector_state *v)
{
	const struct vector_program *prog = &v->prog;
	const uint8_t *strip = prog->strip, *row = prog->row;

	for (unsigned int i = 0; i < prog->passes; i++) {
		const uint8_t *strip_end = prog->strip + prog->pass[i].strip_end;
		const uint8_t *row_end = prog->row + prog->pass[i].row_end;
		int cause;

		pass_begin(v, strip, strip_end);
		cause = strip < strip_end ? run_strips(v, strip, strip_end) : 0;
		if (!cause && prog->pass[i].reduces)
			cause = pass_end(v, strip, strip_end);
		if (!cause)
			cause = run_row_steps(v, row, row_end);
		if (cause)
			return cause;
		strip = strip_end;
		row = row_end;
	}
	return 0;
}

/* Sets what depends on the row: operands' addresses, row registers, the number itself. */
static void row_begin(struct vector_state *v, uint32_t row)
{
	v->row = row;
	for (unsigned int i = 0; i < v->d->operands; i++) {
		struct vector_operand *op = &v->operand[i];
		const struct axon_vector_operand *o = op->o;

		if (o->row_div)
			op->row = o->addr + row / o->row_div * (uint64_t)o->outer_stride +
				  row % o->row_div * (uint64_t)o->row_stride;
		else
			op->row = o->addr + row * (uint64_t)o->row_stride;
	}
	for (unsigned int left = v->prog.row_registers; left; left &= left - 1)
		set_row_register(v, AXON_R(__builtin_ctz(left)), 0.0f);
	for (unsigned int i = 0; i < v->d->insns && v->prog.row_numbers; i++)
		if (v->d->insn[i].op == AXON_V_ROW)
			for (int lane = 0; lane < VECTOR_LANES; lane++)
				v->prog.step[i].splat[lane] = f32_from_bits(row);
}

int vector_run(struct engine *e, const struct axon_desc *desc, uint64_t desc_va)
{
	struct vector_state v;
	int cause;

	v.e = e;
	v.d = (const struct axon_vector_desc *)desc;
	v.k = vector_kernels();
	cause = vector_decode(&v, desc_va);
	if (cause)
		return cause;
	for (int i = 0; i < 16; i++) {
		v.reg[i] = (struct vector_reg){v.strip_reg[i], 1};
		v.reg[AXON_R(i)] = (struct vector_reg){v.row_reg[i], 0};
	}
	if (*e->stop)
		return ENGINE_STOPPED;
	for (uint64_t row = 0; row < v.prog.rows && v.prog.cols && !cause; row++) {
		/* a row without strips looks at the flag nowhere else */
		if (engine_stopped(e, v.prog.stoppable)) {
			cause = ENGINE_STOPPED;
			break;
		}
		row_begin(&v, row);
		cause = run_row(&v);
	}
	for (unsigned int i = 0; i < v.d->operands; i++)
		window_flush(&v.operand[i].w);
	return cause;
}
