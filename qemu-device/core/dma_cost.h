/* SPDX-License-Identifier: MIT */
/*
 * Modelled cycles of the DMA engine: the only copy of the numbers.
 *
 * START + ceil(bytes / MEMORY_BYTES), the bytes read from and written to operands at or above 4 GiB;
 * with no such operand START + ceil(bytes written / SRAM_BYTES). Clipped elements count as read, and
 * so do index lists. PREFETCH counts what it reads. PACK and UNPACK count the packed bytes instead,
 * once.
 */
#ifndef AXON_DMA_COST_H
#define AXON_DMA_COST_H

#define COST_DMA_START	      64u
#define COST_DMA_MEMORY_BYTES 32u
#define COST_DMA_SRAM_BYTES   64u

#endif
