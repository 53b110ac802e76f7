/* SPDX-License-Identifier: MIT */
#ifndef AXON_HART_CSR_H
#define AXON_HART_CSR_H

#include <stdbool.h>
#include <stdint.h>

#include "hart.h"

/*
 * Execute the CSR instruction @insn with @rs1 the value of its register. h->cycles and h->instret
 * are current. *@rd becomes the CSR's old value. Returns false when the instruction is illegal:
 * no such CSR, or a write to one that is read-only.
 */
bool hart_csr_access(struct axon_hart *h, const struct hart_env *env, uint32_t insn, uint64_t rs1,
		     uint64_t *rd);

#endif
