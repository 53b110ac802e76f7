/* SPDX-License-Identifier: MIT */
/*
 * Modelled cycles outside the engines and the hart's own instructions (those are in hart_insn.h).
 * The only copy of these numbers; docs/hardware.md cites them.
 *
 * A workgroup's cost is the later of its hart's clock and its engines' last completion. The hart
 * starts at 0. An engine operation starts at the latest of: the hart's clock after the issue, the
 * engine's previous completion, the completion of each token that the descriptor names. WAIT and
 * FENCE move the hart's clock up to the completion they wait for.
 *
 * A launch costs COST_LAUNCH plus the time at which the last modelled core is free when the
 * workgroups, in order, are each given to the core that is free first (the lowest number among
 * equals). A slot's clock is the sum of its packets' costs since it was enabled.
 */
#ifndef AXON_COST_H
#define AXON_COST_H

#define COST_PACKET	10  /* every packet but LAUNCH, COPY and FILL */
#define COST_LAUNCH	200 /* beside its workgroups */
#define COST_COPY	100 /* COPY and FILL, beside their bytes */
#define COST_COPY_BYTES 32  /* bytes per cycle of COPY and FILL */

#define COST_ISSUE     4  /* an ISSUE instruction, all told */
#define COST_LOG       16 /* a LOG instruction, beside its bytes */
#define COST_LOG_BYTES 16 /* bytes per cycle of LOG */

/*
 * Completions remembered for each engine. A token further behind the engine's last issue counts as
 * complete when the oldest one remembered is.
 */
#define COST_TOKENS 1024

#endif
