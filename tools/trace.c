// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>

#include "trace.h"

static double us(uint64_t ns)
{
	return (double)ns / 1e3;
}

static void print_device(const struct llm_step_trace *t)
{
	printf("  chip            %10.1f us   %u packets: CALL from the ring, then the stream;\n"
	       "                                 %" PRIu64 " modelled cycles\n",
	       us(t->last - t->first), t->packets, t->cycles);
	printf("    %-12s %8s %12s %14s %14s\n", "kernel", "launches", "wall us", "modelled cyc",
	       "instructions");
	for (uint32_t i = 0; i < t->kernels; i++) {
		const struct llm_kernel_cost *k = &t->kernel[i];

		printf("    %-12s %8u %12.1f %14" PRIu64 " %14" PRIu64 "\n", k->name, k->launches,
		       us(k->ns), k->cycles, k->instret);
	}
}

static void print_trace(const struct llm_step_trace *t, int32_t fed, int32_t next, uint32_t pos)
{
	uint64_t total = t->woken - t->submit, device = t->last - t->first,
		 submit = t->submitted - t->submit;
	uint64_t rest = total > device + submit ? total - device - submit : 0;

	printf("\n\none token through every layer (token %d at position %u gives %d): %.1f us\n",
	       fed, pos, next, us(total));
	printf("  application                     step block in mapped memory: one row, position "
	       "%u\n",
	       pos);
	printf("  libaccel                        recorded stream replayed, nothing encoded "
	       "again\n");
	printf("  %-15s %10.1f us   %s\n", t->user_queue ? "user queue" : "ioctl SUBMIT",
	       us(submit),
	       t->user_queue ? "CALL and SIGNAL in the process's ring, doorbell written"
			     : "driver: job armed, CALL and SIGNAL in the ring, doorbell written");
	print_device(t);
	printf("  return          %10.1f us   SIGNAL, MSI-X, %s, wake-up; and the way in\n"
	       "                                 from the doorbell to the first packet\n",
	       us(rest), t->user_queue ? "the word in memory" : "dma_fence, timeline syncobj");
	printf("  application                     token %d read from the step block\n", next);
}

int trace_token(struct run *r, const int32_t *prompt, size_t n, struct axon_err *err)
{
	struct llm_step_trace trace;
	int32_t token, next;
	int ret = llm_prompt(r->llm, prompt, (uint32_t)n, &token, err);

	/* A step beforehand, so that caches are as they are in the middle of a text. */
	if (!ret)
		ret = llm_next(r->llm, &token, err);
	if (!ret)
		ret = llm_next_traced(r->llm, &next, &trace, err);
	if (!ret)
		print_trace(&trace, token, next, llm_position(r->llm) - 1);
	return ret;
}
