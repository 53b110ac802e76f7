// SPDX-License-Identifier: MIT
#include "hart_csr.h"

enum {
	CSR_FFLAGS = 0x001,
	CSR_FRM = 0x002,
	CSR_FCSR = 0x003,
	CSR_CYCLE = 0xc00,
	CSR_TIME = 0xc01,
	CSR_INSTRET = 0xc02,
	CSR_AXON_FIRST = 0xcc0,
	CSR_AXON_LAST = 0xcff,
};

#define FFLAGS_MASK 0x1f
#define FRM_SHIFT   5
#define FRM_MASK    0x7

static bool csr_read(const struct axon_hart *h, const struct hart_env *env, unsigned csr,
		     uint64_t *value)
{
	switch (csr) {
	case CSR_FFLAGS: *value = h->fcsr & FFLAGS_MASK; return true;
	case CSR_FRM: *value = h->fcsr >> FRM_SHIFT; return true;
	case CSR_FCSR: *value = h->fcsr; return true;
	case CSR_CYCLE:
	case CSR_TIME: *value = h->cycles; return true;
	case CSR_INSTRET: *value = h->instret; return true;
	case CSR_AXON_FIRST ... CSR_AXON_LAST:
		return env->csr_read && env->csr_read(env->ctx, csr, value) == 0;
	default: return false;
	}
}

/* Bits that a CSR does not have are dropped. */
static bool csr_write(struct axon_hart *h, unsigned csr, uint64_t value)
{
	switch (csr) {
	case CSR_FFLAGS: h->fcsr = (h->fcsr & ~FFLAGS_MASK) | (value & FFLAGS_MASK); return true;
	case CSR_FRM:
		h->fcsr = (h->fcsr & FFLAGS_MASK) | (value & FRM_MASK) << FRM_SHIFT;
		return true;
	case CSR_FCSR: h->fcsr = value & (FRM_MASK << FRM_SHIFT | FFLAGS_MASK); return true;
	default: return false;
	}
}

bool hart_csr_access(struct axon_hart *h, const struct hart_env *env, uint32_t insn, uint64_t rs1,
		     uint64_t *rd)
{
	unsigned csr = insn >> 20;
	unsigned funct3 = insn >> 12 & 7;
	unsigned field = insn >> 15 & 31;
	uint64_t operand = funct3 & 4 ? field : rs1;
	uint64_t old;

	if (!csr_read(h, env, csr, &old))
		return false;
	*rd = old;
	switch (funct3 & 3) {
	case 1: return csr_write(h, csr, operand);
	case 2: return field == 0 || csr_write(h, csr, old | operand);
	default: return field == 0 || csr_write(h, csr, old & ~operand);
	}
}
