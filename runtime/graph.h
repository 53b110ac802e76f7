/* SPDX-License-Identifier: MIT */
/*
 * A static graph of tensors for training: operations are added in the order in which they run,
 * memory is planned once, and the forward pass, the backward pass and the optimizer are recorded
 * into streams that are replayed. All tensors are fp32. A tensor has at most one consumer, so that a
 * gradient is written and never added to; a second consumer is refused.
 *
 * Adding never fails at once: the first error is kept and graph_place() reports it.
 */
#ifndef AXON_RUNTIME_GRAPH_H
#define AXON_RUNTIME_GRAPH_H

#include <stdint.h>

#include "adamw_args.h"
#include "chip.h"

#define GRAPH_DIMS  4
#define GRAPH_NAME  64
#define GRAPH_NODES 256

enum graph_op {
	GRAPH_INPUT,
	GRAPH_PARAMETER,
	GRAPH_CONV,
	GRAPH_MAX_POOL,
	GRAPH_LINEAR,
	GRAPH_CROSS_ENTROPY,
};

/* A tensor and the operation that makes it. Tensors are known by their number in the graph. */
struct graph_tensor {
	enum graph_op op;
	char name[GRAPH_NAME];		/* of a parameter */
	uint32_t x, w, b;		/* the tensors that it is made of */
	uint32_t dims, dim[GRAPH_DIMS]; /* activations: dim[0] is the batch */
	uint32_t fan_in;		/* of a parameter: products that make one output */
	uint32_t uses;
	uint64_t elements;
	uint64_t value, grad; /* addresses on the chip; grad 0: none is needed */
	uint64_t at;	      /* of a parameter: its first float among all parameters */
};

struct graph {
	uint32_t batch;
	struct axon_err err; /* of the first operation that was refused */
	struct graph_tensor tensors[GRAPH_NODES];
	uint32_t count;
	uint64_t parameters; /* floats of all parameters, gaps included */
	uint64_t scratch;    /* bytes of partial sums, the most that an operation needs */
	uint64_t sram;	     /* bytes of a core's SRAM, the most that an operation needs */
	enum graph_op sram_op;

	struct chip *chip;
	struct accel_buffer *weights, *activations, *control;
	/* The parameters on the host: what they are, their gradients and AdamW's moments. */
	float *value, *grad, *m, *v;
	uint64_t scratch_va, label_va, loss_va, correct_va, adamw_va;
	/* Of the batch, on the host; loss and correct are there after the forward pass. */
	int32_t *label;
	const float *loss, *correct;
	struct adamw_step *adamw;
};

void graph_init(struct graph *g, uint32_t batch);
uint32_t graph_input(struct graph *g, uint32_t height, uint32_t width, uint32_t channels);
/* 3 × 3 convolution, as many pixels as before; makes the parameters name.weight and name.bias. */
uint32_t graph_conv(struct graph *g, uint32_t x, const char *name, uint32_t out);
/* max(0, x), then the maximum of 2 × 2 pixels. Takes the output of a convolution. */
uint32_t graph_max_pool(struct graph *g, uint32_t x);
/* All that an item of the batch has, times name.weight[out][in], plus name.bias. */
uint32_t graph_linear(struct graph *g, uint32_t x, const char *name, uint32_t out);
/* The mean over the batch is what is minimised. Last in the graph. */
uint32_t graph_cross_entropy(struct graph *g, uint32_t x);

/* Takes memory: parameters, gradients and moments are zero. */
int graph_place(struct graph *g, struct chip *chip, struct axon_err *err);
/* A graph that was only initialised may be closed too. */
void graph_close(struct graph *g);
/* Fills the parameters, uniform in ±1/√fan_in. */
void graph_randomise(struct graph *g, uint64_t seed);

int graph_record_forward(struct graph *g, struct accel_stream *stream, struct axon_err *err);
int graph_record_backward(struct graph *g, struct accel_stream *stream, struct axon_err *err);
/* One step of AdamW with what is in g->adamw when it runs. */
int graph_record_adamw(struct graph *g, struct accel_stream *stream, struct axon_err *err);

#endif
