// SPDX-License-Identifier: MIT
/*
 * The interpreter: one handler for each instruction, each ending in a jump to the next one's.
 *
 * Neither cycles nor instructions are counted one by one. Within a page, `cycles + p->before` and
 * `retired + (p - page->ops)` are the totals at op p; only a taken branch corrects the two sums.
 */
#include <string.h>

#include "hart.h"
#include "hart_cache.h"
#include "hart_csr.h"
#include "hart_decode.h"
#include "hart_fp.h"
#include "hart_insn.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Taken branches between two looks at the stop flag and the budget. */
#define POLL_INTERVAL 1024

#define F32_CANONICAL_NAN 0x7fc00000u
#define F32_BOX		  0xffffffff00000000ull

static inline uint32_t unbox(uint64_t f)
{
	return f >= F32_BOX ? (uint32_t)f : F32_CANONICAL_NAN;
}

static inline uint64_t box(uint32_t bits)
{
	return F32_BOX | bits;
}

static inline uint64_t sign_extend_word(uint64_t value)
{
	return (uint64_t)(int64_t)(int32_t)value;
}

static uint64_t mulh(uint64_t a, uint64_t b)
{
	return (uint64_t)((__int128)(int64_t)a * (int64_t)b >> 64);
}

static uint64_t mulhsu(uint64_t a, uint64_t b)
{
	return (uint64_t)((__int128)(int64_t)a * (__int128)b >> 64);
}

static uint64_t mulhu(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* Division: by zero gives all ones and the dividend, the one overflow the dividend and zero. */
static uint64_t div_signed(uint64_t a, uint64_t b)
{
	if (b == 0)
		return UINT64_MAX;
	if (b == UINT64_MAX)
		return -a;
	return (uint64_t)((int64_t)a / (int64_t)b);
}

static uint64_t rem_signed(uint64_t a, uint64_t b)
{
	if (b == 0)
		return a;
	if (b == UINT64_MAX)
		return 0;
	return (uint64_t)((int64_t)a % (int64_t)b);
}

static enum hart_exit fault(struct axon_hart *h, uint32_t cause, uint64_t pc, uint64_t addr)
{
	h->pc = pc;
	h->fault = (struct hart_fault){.cause = cause, .pc = pc, .addr = addr};
	return HART_EXIT_FAULT;
}

/* How many taken branches may pass before the next poll, with @left of the budget left. */
static uint32_t poll_interval(uint64_t left)
{
	return left < POLL_INTERVAL ? left : POLL_INTERVAL;
}

enum hart_exit hart_run(struct axon_hart *h, const struct hart_env *env, uint64_t budget)
{
	static const void *const handlers[HART_NUM_HANDLERS] = {
#define HART_HANDLER(name, match, mask, format, cost) [HART_INSN_##name] = &&op_##name,
		HART_INSN_LIST(HART_HANDLER)
#undef HART_HANDLER
			[HART_INSN_illegal] = &&op_illegal,
		[HART_INSN_jal_misaligned] = &&op_jal_misaligned,
		[HART_INSN_branch_misaligned] = &&op_branch_misaligned,
		[HART_INSN_branch_far] = &&op_branch_far,
		[HART_INSN_page_end] = &&op_page_end,
	};
	uint64_t *const x = h->x;
	uint64_t *const f = h->f;
	const uint64_t start = h->instret;
	uint8_t *const sram = env->sram;
	const uint64_t sram_size = env->sram_size;
	uint64_t cycles = h->cycles;
	uint64_t retired = h->instret;
	uint32_t fuel = 1 + poll_interval(budget); /* 1 for getting there */
	struct hart_page *page;
	const struct hart_op *p;
	uint64_t target = h->pc;
	uint64_t executed;
	uint32_t cause;
	unsigned rm;

#define RD    x[p->rd]
#define RS1   x[p->rs1]
#define RS2   x[p->rs2]
#define S_RS2 x[p->rd] /* S and B formats */
#define IMM   ((uint64_t)(int64_t)p->imm)
#define PC    (page->va + (uint64_t)(p - page->ops) * 4)

#define DISPATCH() goto * p->handler
#define NEXT()              \
	do {                \
		p++;        \
		DISPATCH(); \
	} while (0)

/* Bring hart.cycles, instret and pc up to date, as of the start of op p. */
#define SYNC()                                          \
	do {                                            \
		h->cycles = cycles + p->before;         \
		h->instret = retired + (p - page->ops); \
		h->pc = PC;                             \
	} while (0)

/* Continue at op @to of this page. */
#define GOTO(to)                                               \
	do {                                                   \
		const struct hart_op *to_ = (to);              \
		cycles += (uint64_t)p[1].before - to_->before; \
		retired += (uint64_t)(p + 1 - to_);            \
		p = to_;                                       \
		if (unlikely(--fuel == 0))                     \
			goto poll;                             \
		DISPATCH();                                    \
	} while (0)

#define BRANCH(condition)                 \
	do {                              \
		if (condition)            \
			GOTO(p + p->imm); \
		NEXT();                   \
	} while (0)

#define ALU(value)            \
	do {                  \
		RD = (value); \
		NEXT();       \
	} while (0)

/* Load a @type from rs1 + imm and hand it on as v. */
#define LOAD(type, use)                                                        \
	do {                                                                   \
		uint64_t va = RS1 + IMM;                                       \
		const uint8_t *host;                                           \
		type v;                                                        \
                                                                               \
		if (likely(va - AXON_SRAM_BASE <= sram_size - sizeof(v))) {    \
			memcpy(&v, sram + (va - AXON_SRAM_BASE), sizeof(v));   \
			use;                                                   \
			NEXT();                                                \
		}                                                              \
		host = hart_tlb_find(env, va, sizeof(v), HART_READ);           \
		if (likely(host)) {                                            \
			memcpy(&v, host, sizeof(v));                           \
		} else {                                                       \
			struct hart_word word = hart_load(env, va, sizeof(v)); \
                                                                               \
			if (word.cause) {                                      \
				cause = word.cause;                            \
				goto data_fault;                               \
			}                                                      \
			v = (type)word.value;                                  \
		}                                                              \
		cycles += HART_COST_LOAD_MEMORY;                               \
		use;                                                           \
		NEXT();                                                        \
	} while (0)

#define STORE(type, value)                                                   \
	do {                                                                 \
		uint64_t va = RS1 + IMM;                                     \
		type v = (type)(value);                                      \
		uint8_t *host;                                               \
                                                                             \
		if (likely(va - AXON_SRAM_BASE <= sram_size - sizeof(v))) {  \
			memcpy(sram + (va - AXON_SRAM_BASE), &v, sizeof(v)); \
			NEXT();                                              \
		}                                                            \
		host = hart_tlb_find(env, va, sizeof(v), HART_WRITE);        \
		if (likely(host)) {                                          \
			memcpy(host, &v, sizeof(v));                         \
		} else {                                                     \
			cause = hart_store(env, va, v, sizeof(v));           \
			if (cause)                                           \
				goto data_fault;                             \
		}                                                            \
		cycles += HART_COST_STORE_MEMORY;                            \
		NEXT();                                                      \
	} while (0)

	hart_cache_enter(env);
	x[0] = 0;

	/* Continue at the address `target`; cycles and retired are plain totals. */
enter:
	if (target & 3)
		return fault(h, AXON_FAULT_PC_MISALIGNED, target, target);
	page = hart_code_find(env, target);
	if (unlikely(!page)) {
		h->cycles = cycles;
		h->instret = retired;
		h->pc = target;
		if (target == AXON_EXIT_PC)
			return HART_EXIT_DONE;
		cause = hart_code_fetch(env, target, handlers, &page);
		if (cause)
			return fault(h, cause, target, target);
		fuel = 1; /* decoding takes long: poll */
	}
	p = &page->ops[(target & HART_PAGE_MASK) / 4];
	cycles -= p->before;
	retired -= (uint64_t)(p - page->ops);
	if (--fuel)
		DISPATCH();
poll:
	/* Trampolines come back through enter, where p is an instruction again. */
	if (p - page->ops >= HART_PAGE_INSNS) {
		fuel = 1;
		DISPATCH();
	}
	executed = retired + (uint64_t)(p - page->ops) - start;
	if (env->stop && *env->stop) {
		SYNC();
		return HART_EXIT_STOP;
	}
	if (executed >= budget) {
		SYNC();
		return HART_EXIT_BUDGET;
	}
	fuel = poll_interval(budget - executed);
	DISPATCH();

op_branch_far:
	target = page->va + IMM;
	goto leave_page;
op_page_end:
	target = page->va + HART_PAGE_SIZE;
leave_page:
	/* op p is none of the program's, so it is not counted; nor is a trampoline's distance */
	cycles += p->before;
	retired += (uint64_t)(p - page->ops);
	goto enter;

op_lui:
	ALU(IMM);
op_auipc:
	ALU(page->va + IMM);
op_jal:
	RD = PC + 4;
	GOTO(p + p->imm);
op_jalr:
	target = (RS1 + IMM) & ~1ull;
	if (unlikely(target & 2))
		goto jump_misaligned;
	RD = PC + 4;
	if (likely((target ^ page->va) < HART_PAGE_SIZE))
		GOTO(&page->ops[(target & HART_PAGE_MASK) / 4]);
	cycles += p[1].before;
	retired += (uint64_t)(p + 1 - page->ops);
	goto enter;
op_beq:
	BRANCH(RS1 == S_RS2);
op_bne:
	BRANCH(RS1 != S_RS2);
op_blt:
	BRANCH((int64_t)RS1 < (int64_t)S_RS2);
op_bge:
	BRANCH((int64_t)RS1 >= (int64_t)S_RS2);
op_bltu:
	BRANCH(RS1 < S_RS2);
op_bgeu:
	BRANCH(RS1 >= S_RS2);

op_lb:
	LOAD(int8_t, RD = (uint64_t)(int64_t)v);
op_lh:
	LOAD(int16_t, RD = (uint64_t)(int64_t)v);
op_lw:
	LOAD(int32_t, RD = (uint64_t)(int64_t)v);
op_ld:
	LOAD(uint64_t, RD = v);
op_lbu:
	LOAD(uint8_t, RD = v);
op_lhu:
	LOAD(uint16_t, RD = v);
op_lwu:
	LOAD(uint32_t, RD = v);
op_sb:
	STORE(uint8_t, S_RS2);
op_sh:
	STORE(uint16_t, S_RS2);
op_sw:
	STORE(uint32_t, S_RS2);
op_sd:
	STORE(uint64_t, S_RS2);

op_addi:
	ALU(RS1 + IMM);
op_slti:
	ALU((int64_t)RS1 < (int64_t)IMM);
op_sltiu:
	ALU(RS1 < IMM);
op_xori:
	ALU(RS1 ^ IMM);
op_ori:
	ALU(RS1 | IMM);
op_andi:
	ALU(RS1 & IMM);
op_slli:
	ALU(RS1 << p->imm);
op_srli:
	ALU(RS1 >> p->imm);
op_srai:
	ALU((uint64_t)((int64_t)RS1 >> p->imm));
op_add:
	ALU(RS1 + RS2);
op_sub:
	ALU(RS1 - RS2);
op_sll:
	ALU(RS1 << (RS2 & 63));
op_slt:
	ALU((int64_t)RS1 < (int64_t)RS2);
op_sltu:
	ALU(RS1 < RS2);
op_xor:
	ALU(RS1 ^ RS2);
op_srl:
	ALU(RS1 >> (RS2 & 63));
op_sra:
	ALU((uint64_t)((int64_t)RS1 >> (RS2 & 63)));
op_or:
	ALU(RS1 | RS2);
op_and:
	ALU(RS1 & RS2);
op_addiw:
	ALU(sign_extend_word(RS1 + IMM));
op_slliw:
	ALU(sign_extend_word(RS1 << p->imm));
op_srliw:
	ALU(sign_extend_word((uint32_t)RS1 >> p->imm));
op_sraiw:
	ALU((uint64_t)(int64_t)((int32_t)RS1 >> p->imm));
op_addw:
	ALU(sign_extend_word(RS1 + RS2));
op_subw:
	ALU(sign_extend_word(RS1 - RS2));
op_sllw:
	ALU(sign_extend_word(RS1 << (RS2 & 31)));
op_srlw:
	ALU(sign_extend_word((uint32_t)RS1 >> (RS2 & 31)));
op_sraw:
	ALU((uint64_t)(int64_t)((int32_t)RS1 >> (RS2 & 31)));

op_mul:
	ALU(RS1 * RS2);
op_mulh:
	ALU(mulh(RS1, RS2));
op_mulhsu:
	ALU(mulhsu(RS1, RS2));
op_mulhu:
	ALU(mulhu(RS1, RS2));
op_mulw:
	ALU(sign_extend_word(RS1 * RS2));
op_div:
	ALU(div_signed(RS1, RS2));
op_divu:
	ALU(RS2 ? RS1 / RS2 : UINT64_MAX);
op_rem:
	ALU(rem_signed(RS1, RS2));
op_remu:
	ALU(RS2 ? RS1 % RS2 : RS1);
op_divw:
	ALU(sign_extend_word(div_signed(sign_extend_word(RS1), sign_extend_word(RS2))));
op_divuw:
	ALU((uint32_t)RS2 ? sign_extend_word((uint32_t)RS1 / (uint32_t)RS2) : UINT64_MAX);
op_remw:
	ALU(sign_extend_word(rem_signed(sign_extend_word(RS1), sign_extend_word(RS2))));
op_remuw:
	ALU(sign_extend_word((uint32_t)RS2 ? (uint32_t)RS1 % (uint32_t)RS2 : RS1));

op_fence:
	NEXT();
op_fence_i:
	cycles += p[1].before;
	retired += (uint64_t)(p + 1 - page->ops);
	target = PC + 4;
	hart_cache_flush(env->cache);
	goto enter;
op_ecall:
	SYNC();
	return fault(h, AXON_FAULT_ECALL, h->pc, h->pc);
op_ebreak:
	SYNC();
	return fault(h, AXON_FAULT_EBREAK, h->pc, h->pc);

op_csrrw:
op_csrrs:
op_csrrc:
op_csrrwi:
op_csrrsi:
op_csrrci : {
	uint64_t old;

	SYNC();
	if (!hart_csr_access(h, env, (uint32_t)p->imm, RS1, &old))
		goto op_illegal;
	ALU(old);
}

op_custom0 : {
	uint64_t rd = 0;
	enum hart_custom wish;

	if (!env->custom)
		goto op_illegal;
	SYNC();
	wish = env->custom(env->ctx, h, (uint32_t)p->imm, RS1, x[(uint32_t)p->imm >> 20 & 31], &rd);
	if (wish == HART_CUSTOM_FAULT) {
		h->fault.pc = h->pc;
		return HART_EXIT_FAULT;
	}
	if (wish == HART_CUSTOM_RETRY)
		return HART_EXIT_CUSTOM;
	RD = rd;
	cycles = h->cycles - p->before;
	if (wish == HART_CUSTOM_OK)
		NEXT();
	p++;
	SYNC();
	return HART_EXIT_CUSTOM;
}

/* Floating point. Singles live NaN-boxed in f. */
#define FRD    f[p->rd]
#define FRS1   f[p->rs1]
#define FRS2   f[p->rs2]
#define FRS3   f[p->rs3]
#define SRS1   unbox(FRS1)
#define SRS2   unbox(FRS2)
#define SRS3   unbox(FRS3)
#define S_SIGN (1u << 31)
#define D_SIGN (1ull << 63)

/* rm = the rounding mode of op p; the reserved ones are illegal, in the word or in fcsr. */
#define ROUNDING()                               \
	do {                                     \
		rm = p->rm;                      \
		if (rm == HART_RM_DYN)           \
			rm = h->fcsr >> 5;       \
		if (unlikely(rm >= HART_NUM_RM)) \
			goto op_illegal;         \
	} while (0)

#define ALU_RM(value)       \
	do {                \
		ROUNDING(); \
		ALU(value); \
	} while (0)

#define FP_S(value)               \
	do {                      \
		FRD = box(value); \
		NEXT();           \
	} while (0)

#define FP_S_RM(value)       \
	do {                 \
		ROUNDING();  \
		FP_S(value); \
	} while (0)

#define FP_D(value)            \
	do {                   \
		FRD = (value); \
		NEXT();        \
	} while (0)

#define FP_D_RM(value)       \
	do {                 \
		ROUNDING();  \
		FP_D(value); \
	} while (0)

#define FCSR &h->fcsr

op_flw:
	LOAD(uint32_t, FRD = box(v));
op_fld:
	LOAD(uint64_t, FRD = v);
op_fsw:
	STORE(uint32_t, f[p->rd]);
op_fsd:
	STORE(uint64_t, f[p->rd]);

op_fmadd_s:
	FP_S_RM(hart_fp_fma_f32(SRS1, SRS2, SRS3, rm, FCSR));
op_fmsub_s:
	FP_S_RM(hart_fp_fma_f32(SRS1, SRS2, SRS3 ^ S_SIGN, rm, FCSR));
op_fnmsub_s:
	FP_S_RM(hart_fp_fma_f32(SRS1 ^ S_SIGN, SRS2, SRS3, rm, FCSR));
op_fnmadd_s:
	FP_S_RM(hart_fp_fma_f32(SRS1 ^ S_SIGN, SRS2, SRS3 ^ S_SIGN, rm, FCSR));
op_fadd_s:
	FP_S_RM(hart_fp_add_f32(SRS1, SRS2, rm, FCSR));
op_fsub_s:
	FP_S_RM(hart_fp_sub_f32(SRS1, SRS2, rm, FCSR));
op_fmul_s:
	FP_S_RM(hart_fp_mul_f32(SRS1, SRS2, rm, FCSR));
op_fdiv_s:
	FP_S_RM(hart_fp_div_f32(SRS1, SRS2, rm, FCSR));
op_fsqrt_s:
	FP_S_RM(hart_fp_sqrt_f32(SRS1, rm, FCSR));
op_fsgnj_s:
	FP_S((SRS1 & ~S_SIGN) | (SRS2 & S_SIGN));
op_fsgnjn_s:
	FP_S((SRS1 & ~S_SIGN) | (~SRS2 & S_SIGN));
op_fsgnjx_s:
	FP_S(SRS1 ^ (SRS2 & S_SIGN));
op_fmin_s:
	FP_S(hart_fp_min_f32(SRS1, SRS2, FCSR));
op_fmax_s:
	FP_S(hart_fp_max_f32(SRS1, SRS2, FCSR));
op_fcvt_w_s:
	ALU_RM(hart_fp_to_int_f32(SRS1, HART_INT32, rm, FCSR));
op_fcvt_wu_s:
	ALU_RM(hart_fp_to_int_f32(SRS1, HART_UINT32, rm, FCSR));
op_fcvt_l_s:
	ALU_RM(hart_fp_to_int_f32(SRS1, HART_INT64, rm, FCSR));
op_fcvt_lu_s:
	ALU_RM(hart_fp_to_int_f32(SRS1, HART_UINT64, rm, FCSR));
op_fmv_x_w:
	ALU(sign_extend_word(FRS1));
op_fclass_s:
	ALU(hart_fp_class_f32(SRS1));
op_feq_s:
	ALU(hart_fp_eq_f32(SRS1, SRS2, FCSR));
op_flt_s:
	ALU(hart_fp_lt_f32(SRS1, SRS2, FCSR));
op_fle_s:
	ALU(hart_fp_le_f32(SRS1, SRS2, FCSR));
op_fcvt_s_w:
	FP_S_RM(hart_fp_from_int_f32(RS1, HART_INT32, rm, FCSR));
op_fcvt_s_wu:
	FP_S_RM(hart_fp_from_int_f32(RS1, HART_UINT32, rm, FCSR));
op_fcvt_s_l:
	FP_S_RM(hart_fp_from_int_f32(RS1, HART_INT64, rm, FCSR));
op_fcvt_s_lu:
	FP_S_RM(hart_fp_from_int_f32(RS1, HART_UINT64, rm, FCSR));
op_fmv_w_x:
	FP_S((uint32_t)RS1);

op_fmadd_d:
	FP_D_RM(hart_fp_fma_f64(FRS1, FRS2, FRS3, rm, FCSR));
op_fmsub_d:
	FP_D_RM(hart_fp_fma_f64(FRS1, FRS2, FRS3 ^ D_SIGN, rm, FCSR));
op_fnmsub_d:
	FP_D_RM(hart_fp_fma_f64(FRS1 ^ D_SIGN, FRS2, FRS3, rm, FCSR));
op_fnmadd_d:
	FP_D_RM(hart_fp_fma_f64(FRS1 ^ D_SIGN, FRS2, FRS3 ^ D_SIGN, rm, FCSR));
op_fadd_d:
	FP_D_RM(hart_fp_add_f64(FRS1, FRS2, rm, FCSR));
op_fsub_d:
	FP_D_RM(hart_fp_sub_f64(FRS1, FRS2, rm, FCSR));
op_fmul_d:
	FP_D_RM(hart_fp_mul_f64(FRS1, FRS2, rm, FCSR));
op_fdiv_d:
	FP_D_RM(hart_fp_div_f64(FRS1, FRS2, rm, FCSR));
op_fsqrt_d:
	FP_D_RM(hart_fp_sqrt_f64(FRS1, rm, FCSR));
op_fsgnj_d:
	FP_D((FRS1 & ~D_SIGN) | (FRS2 & D_SIGN));
op_fsgnjn_d:
	FP_D((FRS1 & ~D_SIGN) | (~FRS2 & D_SIGN));
op_fsgnjx_d:
	FP_D(FRS1 ^ (FRS2 & D_SIGN));
op_fmin_d:
	FP_D(hart_fp_min_f64(FRS1, FRS2, FCSR));
op_fmax_d:
	FP_D(hart_fp_max_f64(FRS1, FRS2, FCSR));
op_fcvt_s_d:
	FP_S_RM(hart_fp_narrow(FRS1, rm, FCSR));
op_fcvt_d_s:
	FP_D_RM(hart_fp_widen(SRS1, FCSR));
op_fcvt_w_d:
	ALU_RM(hart_fp_to_int_f64(FRS1, HART_INT32, rm, FCSR));
op_fcvt_wu_d:
	ALU_RM(hart_fp_to_int_f64(FRS1, HART_UINT32, rm, FCSR));
op_fcvt_l_d:
	ALU_RM(hart_fp_to_int_f64(FRS1, HART_INT64, rm, FCSR));
op_fcvt_lu_d:
	ALU_RM(hart_fp_to_int_f64(FRS1, HART_UINT64, rm, FCSR));
op_fmv_x_d:
	ALU(FRS1);
op_fclass_d:
	ALU(hart_fp_class_f64(FRS1));
op_feq_d:
	ALU(hart_fp_eq_f64(FRS1, FRS2, FCSR));
op_flt_d:
	ALU(hart_fp_lt_f64(FRS1, FRS2, FCSR));
op_fle_d:
	ALU(hart_fp_le_f64(FRS1, FRS2, FCSR));
op_fcvt_d_w:
	FP_D_RM(hart_fp_from_int_f64(RS1, HART_INT32, rm, FCSR));
op_fcvt_d_wu:
	FP_D_RM(hart_fp_from_int_f64(RS1, HART_UINT32, rm, FCSR));
op_fcvt_d_l:
	FP_D_RM(hart_fp_from_int_f64(RS1, HART_INT64, rm, FCSR));
op_fcvt_d_lu:
	FP_D_RM(hart_fp_from_int_f64(RS1, HART_UINT64, rm, FCSR));
op_fmv_d_x:
	FP_D(RS1);

op_illegal:
	SYNC();
	return fault(h, AXON_FAULT_ILLEGAL_INSN, h->pc, h->pc);
data_fault:
	SYNC();
	return fault(h, cause, h->pc, env->cache->fault_addr);
op_jal_misaligned:
	target = page->va + IMM;
	goto jump_misaligned;
op_branch_misaligned : {
	/* Back to the branch, which has not retired. */
	const struct hart_op *branch = &page->ops[p->rs1 << 8 | p->rd];

	target = page->va + IMM;
	cycles -= branch[1].before;
	retired -= (uint64_t)(branch + 1 - p);
	p = branch;
}
jump_misaligned:
	SYNC();
	return fault(h, AXON_FAULT_PC_MISALIGNED, h->pc, target);
}
