// SPDX-License-Identifier: MIT
#include "dma_copy.h"
#include "gated_args.h"
#include "vector_program.h"
#include "weight.h"

/* v0 = act(v0) */
static void activate(struct vector_program *p, uint32_t act)
{
	if (act == GATED_SILU) {
		v1(p, AXON_V_SIGMOID, 2, 0);
		v2(p, AXON_V_MUL, 0, 0, 2);
		return;
	}
	/* GELU, tanh form: 0.5 g (1 + tanh(sqrt(2/pi) (g + 0.044715 g^3))) (Hendrycks, Gimpel 2016) */
	v2(p, AXON_V_MUL, 2, 0, 0);
	vf(p, AXON_V_MULI, 2, 2, 0.044715f);
	vf(p, AXON_V_ADDI, 2, 2, 1.0f);
	v2(p, AXON_V_MUL, 2, 2, 0);
	vf(p, AXON_V_MULI, 2, 2, 0.7978845608028654f);
	v1(p, AXON_V_TANH, 2, 2);
	vf(p, AXON_V_ADDI, 2, 2, 1.0f);
	v2(p, AXON_V_MUL, 0, 0, 2);
	vf(p, AXON_V_MULI, 0, 0, 0.5f);
}

/* Brings a block of activation rows into SRAM. */
static uint32_t load_rows(struct axon_sram *sram, uint64_t rows_at, uint32_t type, uint32_t k,
			  uint32_t row, uint32_t rows, axon_token *done)
{
	uint32_t bytes = activation_row_bytes(type, k);
	uint32_t at = axon_sram_take(sram, (uint64_t)rows * bytes);

	*done = dma_rows(at, bytes, rows_at + (uint64_t)row * bytes, bytes, rows, bytes);
	return at;
}

AXON_KERNEL void gated(const struct gated_args *args, uint32_t x, uint32_t y)
{
	uint32_t total = *(const uint32_t *)args->rows;
	uint32_t row = y * args->rows_per_wg, col = x * args->cols_per_wg;

	if (row >= total)
		return;

	struct axon_sram sram = axon_sram_all();
	uint32_t rows = axon_min(args->rows_per_wg, total - row);
	uint32_t cols = axon_min(args->cols_per_wg, args->gate.n - col);
	uint32_t stride = cols * 4;
	uint32_t gate = axon_sram_take(&sram, (uint64_t)rows * stride);
	uint32_t up = axon_sram_take(&sram, (uint64_t)rows * stride);
	axon_token loaded;
	uint32_t a =
		load_rows(&sram, args->gate_a, args->gate_a_type, args->gate.k, row, rows, &loaded);
	struct axon_matrix_desc d = weight_matmul(&args->gate, col, cols, rows, a,
						  args->gate_a_type, gate, stride, AXON_F32);

	d.h.wait[0] = loaded;
	axon_matrix(&d);

	if (args->up_a != args->gate_a)
		a = load_rows(&sram, args->up_a, args->up_a_type, args->up.k, row, rows, &loaded);
	d = weight_matmul(&args->up, col, cols, rows, a, args->up_a_type, up, stride, AXON_F32);
	d.h.wait[0] = loaded;

	struct vector_program p;
	uint64_t out =
		args->out + row * args->out_stride + activation_row_bytes(args->out_type, col);

	v_begin(&p, rows, cols);
	p.d.h.wait[0] = axon_matrix(&d);
	v_operand(&p, gate, stride, 4, AXON_F32);
	v_operand(&p, up, stride, 4, AXON_F32);
	v_operand(&p, out, (int64_t)args->out_stride, args->out_type == AXON_F32 ? 4 : 2,
		  (uint8_t)args->out_type);
	v_load(&p, 0, 0);
	activate(&p, args->act);
	v_load(&p, 1, 1);
	v2(&p, AXON_V_MUL, 0, 0, 1);
	if (args->out_type == AXON_Q8A)
		v_word(&p, AXON_V_QUANT, 2, 0, 0, 0, 0, 0);
	else
		v_store(&p, 2, 0);
	v_run(&p);
}
