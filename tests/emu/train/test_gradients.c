// SPDX-License-Identifier: MIT
/*
 * Description: the forward kernels of training against plain C in fp64, and each backward kernel
 * against central differences of that plain C: of loss = Σ y · dy for a random dy.
 */
#include <math.h>

#include "conv_args.h"
#include "conv_grad_args.h"
#include "cross_entropy_args.h"
#include "kernel_rig.h"
#include "max_pool_args.h"
#include "reduce_args.h"

#define STEP 1e-4

/* A forward pass in fp64 whose loss depends on every element of x. */
struct forward {
	double (*loss)(const struct forward *f);
	double *x, *w, *bias;
	const float *dy;
	const int32_t *label;
	uint32_t images, height, width, in, out;
};

static double *doubles(const float *v, size_t n)
{
	double *d = calloc(n + 1, sizeof(*d));

	for (size_t i = 0; v && i < n; i++)
		d[i] = (double)v[i];
	return d;
}

static double derivative(const struct forward *f, double *element)
{
	double at = *element, up, down;

	*element = at + STEP;
	up = f->loss(f);
	*element = at - STEP;
	down = f->loss(f);
	*element = at;
	return (up - down) / (2 * STEP);
}

static void check_gradient(struct kernel_rig *rig, const struct forward *f, const float *found,
			   double *of, size_t n, double tolerance)
{
	for (size_t i = 0; i < n; i++)
		check_near(rig, i, (double)found[i], derivative(f, &of[i]), tolerance);
}

/* ---- convolution ---- */

static double conv_at(const struct forward *f, uint32_t image, uint32_t y, uint32_t x, uint32_t o)
{
	double sum = f->bias[o];

	for (uint32_t ky = 0; ky < 3; ky++)
		for (uint32_t kx = 0; kx < 3; kx++) {
			uint32_t iy = y + ky - 1, ix = x + kx - 1; /* wrapped: outside */

			if (iy >= f->height || ix >= f->width)
				continue;
			for (uint32_t i = 0; i < f->in; i++)
				sum += f->x[((image * f->height + iy) * f->width + ix) * f->in +
					    i] *
				       f->w[((o * 3 + ky) * 3 + kx) * f->in + i];
		}
	return sum;
}

static double conv_loss(const struct forward *f)
{
	const float *dy = f->dy;
	double loss = 0;

	for (uint32_t image = 0; image < f->images; image++)
		for (uint32_t y = 0; y < f->height; y++)
			for (uint32_t x = 0; x < f->width; x++)
				for (uint32_t o = 0; o < f->out; o++)
					loss += conv_at(f, image, y, x, o) * (double)*dy++;
	return loss;
}

static void conv_forward(struct kernel_rig *rig, const struct forward *f,
			 const struct conv_args *args, const float *y)
{
	uint32_t pixels = f->height * f->width;

	kernel_launch(rig, CHIP_conv, f->images, 1, args, sizeof(*args));
	kernel_run(rig);
	for (uint32_t i = 0; i < f->images * pixels * f->out; i++) {
		uint32_t o = i % f->out, pixel = i / f->out % pixels;

		check_near(rig, i, (double)y[i],
			   conv_at(f, i / f->out / pixels, pixel / f->width, pixel % f->width, o),
			   1e-5);
	}
}

static void conv_case(struct kernel_rig *rig, uint32_t images, uint32_t height, uint32_t width,
		      uint32_t in, uint32_t out, uint32_t images_per_wg)
{
	struct forward f = {.loss = conv_loss,
			    .images = images,
			    .height = height,
			    .width = width,
			    .in = in,
			    .out = out};
	size_t nx = (size_t)images * height * width * in, nw = 9ull * in * out;
	size_t ny = (size_t)images * height * width * out;
	uint32_t parts = div_up(images, images_per_wg);
	float *x, *w, *bias, *y, *dy, *dx, *part, *grad;
	struct conv_args forward = {.height = height, .width = width, .in = in, .out = out};
	struct conv_args back = {
		.height = height, .width = width, .in = out, .out = in, .flags = CONV_FLIP};
	struct conv_grad_args weights = {.images = images,
					 .images_per_wg = images_per_wg,
					 .height = height,
					 .width = width,
					 .in = in,
					 .out = out};
	struct reduce_args sum = {.n = (uint32_t)nw + out,
				  .n_per_wg = 7,
				  .parts = parts,
				  .stride = (uint32_t)(nw + out) * 4};

	kernel_case(rig, "conv %u of %ux%u, %u to %u", images, height, width, in, out);
	forward.x = weights.x = kernel_random(rig, nx, &x);
	forward.w = back.w = kernel_random(rig, nw, &w);
	forward.bias = kernel_random(rig, out, &bias);
	forward.y = kernel_take(rig, ny * 4, &y);
	back.x = weights.dy = kernel_random(rig, ny, &dy);
	back.y = kernel_take(rig, nx * 4, &dx);
	sum.x = weights.part = kernel_take(rig, parts * (nw + out) * 4, &part);
	sum.y = kernel_take(rig, (nw + out) * 4, &grad);
	f.x = doubles(x, nx);
	f.w = doubles(w, nw);
	f.bias = doubles(bias, out);
	f.dy = dy;
	conv_forward(rig, &f, &forward, y);

	kernel_launch(rig, CHIP_conv, images, 1, &back, sizeof(back));
	kernel_launch(rig, CHIP_conv_grad, parts, 1, &weights, sizeof(weights));
	kernel_launch(rig, CHIP_reduce, div_up(sum.n, sum.n_per_wg), 1, &sum, sizeof(sum));
	kernel_run(rig);
	check_gradient(rig, &f, dx, f.x, nx, 2e-5);
	check_gradient(rig, &f, grad, f.w, nw, 5e-5);
	check_gradient(rig, &f, grad + nw, f.bias, out, 5e-5);
	free(f.x);
	free(f.w);
	free(f.bias);
}

static void test_conv(void **state)
{
	conv_case(*state, 1, 1, 1, 1, 1, 1);
	conv_case(*state, 1, 1, 4, 2, 3, 1);
	conv_case(*state, 2, 5, 1, 1, 2, 1);
	conv_case(*state, 5, 4, 3, 3, 5, 2);
	conv_case(*state, 3, 4, 6, 1, 17, 3);
	conv_case(*state, 2, 3, 5, 17, 2, 8);
}

/* ---- pooling ---- */

static double pool_at(const struct forward *f, size_t i)
{
	uint32_t c = (uint32_t)(i % f->in), x = (uint32_t)(i / f->in % (f->width / 2));
	size_t row = i / f->in / (f->width / 2); /* of all images */
	double most = 0;

	for (uint32_t k = 0; k < 4; k++)
		most = fmax(most, f->x[((2 * row + k / 2) * f->width + 2 * x + k % 2) * f->in + c]);
	return most;
}

static double pool_loss(const struct forward *f)
{
	size_t n = (size_t)f->images * f->height * f->width * f->in / 4;
	double loss = 0;

	for (size_t i = 0; i < n; i++)
		loss += pool_at(f, i) * (double)f->dy[i];
	return loss;
}

static void pool_case(struct kernel_rig *rig, uint32_t images, uint32_t height, uint32_t width,
		      uint32_t channels)
{
	struct forward f = {.loss = pool_loss,
			    .images = images,
			    .height = height,
			    .width = width,
			    .in = channels};
	size_t n = (size_t)images * height * width * channels;
	struct max_pool_args args = {.height = height, .width = width, .channels = channels};
	float *x, *y, *dy;
	uint64_t dy_va;

	kernel_case(rig, "max_pool %u of %ux%ux%u", images, height, width, channels);
	args.x = kernel_take(rig, n * 4, &x);
	for (size_t i = 0; i < n; i++) /* apart by more than the differences' step */
		x[i] = (float)(((i * 7919 + 13) % 1009) / 504.0 - 1.0);
	args.y = kernel_take(rig, n, &y);
	dy_va = kernel_random(rig, n / 4, &dy);
	f.x = doubles(x, n);
	f.dy = dy;
	kernel_launch(rig, CHIP_max_pool, images, 1, &args, sizeof(args));
	kernel_run(rig);
	for (size_t i = 0; i < n / 4; i++)
		check_near(rig, i, (double)y[i], pool_at(&f, i), 0);
	args.dy = dy_va;
	kernel_launch(rig, CHIP_max_pool, images, 1, &args, sizeof(args));
	kernel_run(rig);
	check_gradient(rig, &f, x, f.x, n, 1e-7);
	free(f.x);
}

static void test_max_pool(void **state)
{
	pool_case(*state, 1, 2, 2, 1);
	pool_case(*state, 3, 4, 6, 5);
	pool_case(*state, 2, 2, 8, 19);
}

/* Of equal elements the first has the gradient; where all are at most 0, none. */
static void test_max_pool_ties(void **state)
{
	static const float before[] = {2, 2, 0, -1, 2, 2, -3, 0};
	static const float after[] = {5, 0, 0, 0, 0, 0, 0, 0};
	struct kernel_rig *rig = *state;
	struct max_pool_args args = {.height = 2, .width = 4, .channels = 1};
	float *x, *y, *dy;

	kernel_case(rig, "max_pool of equal elements");
	args.x = kernel_take(rig, sizeof(before), &x);
	args.y = kernel_take(rig, 2 * 4, &y);
	args.dy = kernel_take(rig, 2 * 4, &dy);
	memcpy(x, before, sizeof(before));
	y[0] = 2;
	y[1] = 0;
	dy[0] = 5;
	dy[1] = 7;
	kernel_launch(rig, CHIP_max_pool, 1, 1, &args, sizeof(args));
	kernel_run(rig);
	check_floats(rig, x, after, COUNT(after));
}

/* ---- loss ---- */

static double entropy_of(const struct forward *f, uint32_t row)
{
	const double *x = f->x + (size_t)row * f->out;
	double sum = 0;

	for (uint32_t i = 0; i < f->out; i++)
		sum += exp(x[i] - x[f->label[row]]);
	return log(sum);
}

static double entropy_loss(const struct forward *f)
{
	double loss = 0;

	for (uint32_t row = 0; row < f->images; row++)
		loss += entropy_of(f, row) / f->images;
	return loss;
}

static bool first_largest(const float *x, uint32_t n, uint32_t label)
{
	for (uint32_t i = 0; i < n; i++)
		if (x[i] > x[label] || (x[i] == x[label] && i < label))
			return false;
	return true;
}

static void entropy_case(struct kernel_rig *rig, uint32_t rows, uint32_t cols, float spread)
{
	struct forward f = {.loss = entropy_loss, .images = rows, .out = cols};
	struct cross_entropy_args args = {
		.rows = rows, .cols = cols, .rows_per_wg = 3, .scale = 1.0f / (float)rows};
	size_t n = (size_t)rows * cols;
	float *x, *dx, *loss, *correct;
	int32_t *label;

	kernel_case(rig, "cross_entropy %ux%u, up to %g", rows, cols, (double)spread);
	args.x = kernel_random(rig, n, &x);
	args.label = kernel_take(rig, rows * 4, &label);
	args.dx = kernel_take(rig, n * 4, &dx);
	args.loss = kernel_take(rig, rows * 4, &loss);
	args.correct = kernel_take(rig, rows * 4, &correct);
	for (size_t i = 0; i < n; i++)
		x[i] *= spread;
	for (uint32_t i = 0; i < rows; i++)
		label[i] = (int32_t)(random_bits(rig) % cols);
	x[0] = x[cols - 1]; /* a tie */
	f.x = doubles(x, n);
	f.label = label;
	kernel_launch(rig, CHIP_cross_entropy, div_up(rows, 3), 1, &args, sizeof(args));
	kernel_run(rig);
	for (uint32_t i = 0; i < rows; i++) {
		double expected = entropy_of(&f, i);

		check_near(rig, i, (double)loss[i], expected, 1e-6 * (1 + expected));
		check_near(rig, i, (double)correct[i],
			   first_largest(x + (size_t)i * cols, cols, (uint32_t)label[i]), 0);
	}
	check_gradient(rig, &f, dx, f.x, n, 1e-6);
	free(f.x);
}

static void test_cross_entropy(void **state)
{
	entropy_case(*state, 1, 1, 1);
	entropy_case(*state, 4, 10, 1);
	entropy_case(*state, 7, 10, 20);
	entropy_case(*state, 5, 37, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(test_conv),
		KERNEL_TEST(test_max_pool),
		KERNEL_TEST(test_max_pool_ties),
		KERNEL_TEST(test_cross_entropy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
