// SPDX-License-Identifier: MIT
#include "conv_args.h"
#include "conv_tile.h"

/* FLIP: w[in][3][3][out] becomes [3][3][in][out] in SRAM, both directions of the window reversed. */
static axon_token load_flipped(const struct conv_args *args, uint32_t to)
{
	int64_t row = 4 * (int64_t)args->out;
	struct axon_dma_copy d = {
		.h = {.op = AXON_DMA_COPY, .size = sizeof(d)},
		.dst = to,
		.src = args->w + 8 * (uint64_t)row,
		.dst_type = AXON_F32,
		.src_type = AXON_F32,
		.dims = 3,
		.extent = {args->out, args->in, 9},
		.dst_stride = {4, row, args->in * row},
		.src_stride = {4, 9 * row, -row},
	};

	return axon_dma(&d);
}

/*
 * No matrix of windows is made: for each ky the three pixels of a window's row lie side by side, so
 * that they are one row of A, and the window moves by the engine's two-level row addresses.
 */
AXON_KERNEL void conv(const struct conv_args *args, uint32_t image)
{
	struct axon_sram sram = axon_sram_all();
	uint32_t in = args->in, out = args->out, pixels = args->height * args->width;
	uint32_t row = conv_tile_row(args->width, in);
	uint32_t tile = axon_sram_take(&sram, (uint64_t)(args->height + 2) * row);
	bool flip = args->flags & CONV_FLIP;
	uint64_t b = args->w, b_step = 12 * (uint64_t)in;
	struct axon_matrix_desc d = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(d)},
		.m = pixels,
		.n = out,
		.k = 3 * in,
		.a_m0 = args->width,
		.a_s0 = (int32_t)(4 * in),
		.a_s1 = (int32_t)row,
		.b_stride = 36 * (uint64_t)in,
		.b_layout = AXON_B_COLS,
		.c = args->y + (uint64_t)image * pixels * out * 4,
		.c_stride = 4 * (int64_t)out,
		.scale = 1.0f,
	};

	if (flip) {
		b = axon_sram_take(&sram, 36 * (uint64_t)in * out);
		b_step *= out;
		d.b_stride = 4 * (uint64_t)out;
		d.b_layout = AXON_B_ROWS;
		d.h.wait[1] = load_flipped(args, (uint32_t)b);
	}
	d.h.wait[0] =
		conv_tile_load(tile, args->height + 2, args->x + (uint64_t)image * pixels * in * 4,
			       args->height, args->width, in);
	if (args->bias) {
		d.h.flags = AXON_MATRIX_F_ADDEND | AXON_MATRIX_F_ADDEND_ROW;
		d.addend = args->bias;
	}
	for (uint32_t ky = 0; ky < 3; ky++) {
		d.a = tile + ky * row;
		d.b = b + ky * b_step;
		axon_matrix(&d);
		d.h.flags = AXON_MATRIX_F_ACCUMULATE;
	}
}
