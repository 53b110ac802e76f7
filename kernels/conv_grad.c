// SPDX-License-Identifier: MIT
#include "conv_grad_args.h"
#include "conv_tile.h"
#include "vector_program.h"

/*
 * dy[height][width][out] becomes [out][height][width + 2] with two zeros behind each row of pixels. So
 * k runs through the tile of x without a break: what the zeros meet does not count.
 */
static axon_token load_transposed(const struct conv_grad_args *args, uint64_t dy, uint32_t to)
{
	int64_t pixel = 4 * (int64_t)args->out;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .flags = AXON_DMA_F_CLIP, .size = sizeof(d)},
		.dst = to,
		.src = dy,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 3,
		.extent = {args->width + 2, args->height, args->out},
		.dst_stride = {4, 4 * (args->width + 2ll), 4 * args->height * (args->width + 2ll)},
		.src_stride = {pixel, args->width * pixel, 4},
		.limit = {args->width, args->height, args->out},
	};

	return axon_dma(&d);
}

/* db[o] (+)= the sum of row o */
static void bias_grad(uint32_t rows, uint32_t k, uint32_t dy, uint64_t db, bool add,
		      axon_token loaded)
{
	const uint8_t sum = AXON_R(0), old = AXON_R(1);
	struct vector_program p;

	v_begin(&p, rows, k);
	uint8_t from = v_operand(&p, dy, 4 * (int64_t)k, 4, AXON_F32);
	uint8_t to = v_operand(&p, db, 4, 0, AXON_F32);

	v_load(&p, 0, from);
	v1(&p, AXON_V_RSUM, sum, 0);
	if (add) {
		v_load(&p, old, to);
		v2(&p, AXON_V_ADD, sum, sum, old);
	}
	v_store(&p, to, sum);
	p.d.h.wait[0] = loaded;
	v_run(&p);
}

AXON_KERNEL void conv_grad(const struct conv_grad_args *args, uint32_t wg)
{
	struct axon_sram sram = axon_sram_all();
	uint32_t in = args->in, out = args->out, height = args->height, width = args->width;
	uint32_t row = conv_tile_row(width, in), k = height * (width + 2);
	uint32_t tile = axon_sram_take(&sram, (uint64_t)(height + 3) * row);
	uint32_t dy = axon_sram_take(&sram, (uint64_t)out * k * 4);
	uint64_t part = args->part + wg * (9ull * in + 1) * out * 4;
	uint32_t first = wg * args->images_per_wg;
	uint32_t end = axon_min(first + args->images_per_wg, args->images);
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d)},
		.m = out,
		.n = 3 * in,
		.k = k,
		.a = dy,
		.a_s0 = (int32_t)(4 * k),
		.b_stride = 4 * (uint64_t)in,
		.b_layout = AXON_B_ROWS,
		.c_stride = 36 * (int64_t)in,
		.scale = 1.0f,
	};

	for (uint32_t i = first; i < end; i++) {
		uint64_t pixel = (uint64_t)i * height * width;

		d.h.wait[0] = conv_tile_load(tile, height + 3, args->x + pixel * in * 4, height,
					     width, in);
		d.h.wait[1] = load_transposed(args, args->dy + pixel * out * 4, dy);
		for (uint32_t ky = 0; ky < 3; ky++) {
			d.b = tile + ky * row;
			d.c = part + ky * 12ull * in;
			axon_matrix(&d);
		}
		bias_grad(out, k, dy, part + 36ull * in * out, i != first, d.h.wait[1]);
		d.h.flags = AXON_MATRIX_F_ACCUMULATE;
		axon_fence(); /* the tiles are free again */
	}
}
