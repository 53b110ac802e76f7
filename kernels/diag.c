// SPDX-License-Identifier: MIT
#include "diag_args.h"
#include "dma_copy.h"
#include "vector_program.h"

#define ROW   (4u * DIAG_N)
#define BYTES (ROW * DIAG_N)

AXON_KERNEL void diag(const struct diag_args *args, uint32_t wg)
{
	struct diag_result *result = (struct diag_result *)args->out + wg;
	struct axon_sram sram = axon_sram_all();
	uint32_t a = axon_sram_take(&sram, BYTES), b = axon_sram_take(&sram, BYTES);
	uint32_t c = axon_sram_take(&sram, BYTES), d = axon_sram_take(&sram, BYTES);
	axon_token a_here = dma_rows(a, ROW, args->a, ROW, DIAG_N, ROW);
	axon_token b_here = dma_rows(b, ROW, args->b, ROW, DIAG_N, ROW);
	struct axon_matrix_desc product = {
		.h = {.op = AXON_MATRIX_MUL, .size = sizeof(product), .wait = {a_here, b_here}},
		.m = DIAG_N,
		.n = DIAG_N,
		.k = DIAG_N,
		.a = a,
		.a_s0 = ROW,
		.b = b,
		.b_stride = ROW,
		.b_layout = AXON_B_ROWS,
		.c = c,
		.c_stride = ROW,
		.scale = 1.0f,
	};
	struct vector_program p;

	v_begin(&p, DIAG_N, DIAG_N);
	p.d.h.wait[0] = axon_matrix(&product);
	uint8_t from_c = v_operand(&p, c, ROW, 4, AXON_F32);
	uint8_t from_a = v_operand(&p, a, ROW, 4, AXON_F32);
	uint8_t to_d = v_operand(&p, d, ROW, 4, AXON_F32);

	v_load(&p, 0, from_c);
	v_load(&p, 1, from_a);
	v_const(&p, 2, 2.0f);
	v3(&p, AXON_V_FMA, 3, 0, 2, 1);
	v_store(&p, to_d, 3);
	axon_wait(v_run(&p));
	dma_rows((uint64_t)result->d, ROW, d, ROW, DIAG_N, ROW);
	result->hash = diag_hash((const uint32_t *)(uintptr_t)a, DIAG_N * DIAG_N);
	result->core = axon_core();
}
