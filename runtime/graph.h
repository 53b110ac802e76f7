/* SPDX-License-Identifier: MIT */
/*
 * A static graph of tensors for training: operations are added in the order in which they run,
 * memory is planned once, and the forward pass, the backward pass and the optimizer are recorded
 * into streams that are replayed. All numbers are fp32.
 *
 * A tensor with several consumers gets the sum of their gradients. Linear layers and norms may share
 * their input so, and linear layers and embeddings a parameter; every other operation must be the only
 * one that uses its input, and what is added to a linear layer's output may not be used afterwards:
 * these leave gradients where the tensor or another gradient lies.
 *
 * Adding never fails at once: the first error is kept and graph_place() reports it.
 */
#ifndef AXON_RUNTIME_GRAPH_H
#define AXON_RUNTIME_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "adamw_args.h"
#include "chip.h"

#define GRAPH_DIMS   4
#define GRAPH_NAME   64
#define GRAPH_INPUTS 4
#define GRAPH_NONE   UINT32_MAX /* in place of a tensor: there is none */

enum graph_op {
	GRAPH_INPUT,
	GRAPH_IDS,
	GRAPH_PARAMETER,
	GRAPH_CONV,
	GRAPH_MAX_POOL,
	GRAPH_LINEAR,
	GRAPH_EMBED,
	GRAPH_NORM,
	GRAPH_ROTATE,
	GRAPH_ATTENTION,
	GRAPH_SWIGLU,
	GRAPH_CROSS_ENTROPY,
};

/* What a parameter starts as, uniform in fill ± spread, and whether its weights decay. */
struct graph_start {
	float fill, spread;
	bool keep; /* no decay */
};

/* Sequences that rows of the batch make up, and heads that a row makes up. */
struct graph_sequence {
	uint32_t tokens;   /* divides the batch */
	uint32_t head_dim; /* even */
	/*
	 * For graph_rotate(): addresses of float[tokens][width / 2], the cosine and sine for each pair of a
	 * row, the same for each head. A narrower row takes the first of them.
	 */
	uint64_t cos, sin;
	uint32_t width;
};

/* A tensor and the operation that makes it. Tensors are known by their number in the graph. */
struct graph_tensor {
	enum graph_op op;
	char name[GRAPH_NAME];		/* of a parameter */
	uint32_t in[GRAPH_INPUTS];	/* the tensors that it is made of: data, then parameters */
	uint32_t dims, dim[GRAPH_DIMS]; /* activations: dim[0] is the batch */
	struct graph_start start;	/* of a parameter */
	struct graph_sequence sequence;
	float eps; /* of a norm */
	uint32_t uses;
	bool used_up;  /* nothing may use it any more */
	bool has_grad; /* while recording the backward pass: what comes is added */
	bool owns;     /* while planning: its gradient has memory of its own, */
	bool free;     /* which is free again */
	uint64_t elements;
	uint64_t value, grad; /* addresses on the chip; grad 0: none is needed */
	uint64_t log_sum;     /* of attention: as in flash_args.h */
	uint64_t at;	      /* of a parameter: its first float among all parameters */
};

struct graph {
	uint32_t batch;
	struct axon_err err; /* of the first operation that was refused */
	struct graph_tensor *tensors;
	uint32_t count, room;
	struct graph_tensor none; /* what a refused operation works with */
	uint64_t parameters;	  /* floats of all parameters, gaps included */
	uint64_t decaying;	  /* of them, the first that decay */
	uint64_t scratch;	  /* bytes of partial sums, the most that an operation needs */
	uint64_t sram;		  /* bytes of a core's SRAM, the most that an operation needs */
	enum graph_op sram_op;

	struct chip *chip;
	struct accel_buffer *weights, *activations, *control;
	/* The parameters on the host: what they are, their gradients and AdamW's moments. */
	float *value, *grad, *m, *v;
	uint64_t scratch_va, label_va, id_va, loss_va, correct_va, adamw_va, squares_va, step_va;
	/* Of the batch, on the host; loss and correct are there after the forward pass. */
	int32_t *label, *id;
	const float *loss, *correct;
	struct adamw_step *adamw;
	const float *squares; /* of all gradients, summed, by graph_record_adamw() with clip */
};

void graph_init(struct graph *g, uint32_t batch);
uint32_t graph_input(struct graph *g, uint32_t height, uint32_t width, uint32_t channels);
/* The batch's ids, which the host writes to g->id. Once in a graph. */
uint32_t graph_ids(struct graph *g);
uint32_t graph_parameter(struct graph *g, const char *name, uint32_t dims, const uint32_t *dim,
			 struct graph_start start);

/* 3 × 3 convolution, as many pixels as before; makes the parameters name.weight and name.bias. */
uint32_t graph_conv(struct graph *g, uint32_t x, const char *name, uint32_t out);
/* max(0, x), then the maximum of 2 × 2 pixels. Takes the output of a convolution. */
uint32_t graph_max_pool(struct graph *g, uint32_t x);
/* All that an item of the batch has, times name.weight[out][in], plus name.bias. */
uint32_t graph_linear(struct graph *g, uint32_t x, const char *name, uint32_t out);
/* The same with the parameter w[out][in] and no bias, plus the tensor `add` of its shape or GRAPH_NONE. */
uint32_t graph_matmul(struct graph *g, uint32_t x, uint32_t w, uint32_t add);
/* Row id of w[ids][width] for each of graph_ids(). */
uint32_t graph_embed(struct graph *g, uint32_t ids, uint32_t w);
/* x / sqrt(mean x² + eps) · w[width], row by row. */
uint32_t graph_norm(struct graph *g, uint32_t x, uint32_t w, float eps);
/* The rotary embedding of pairs (2i, 2i + 1). Takes the output of a linear layer. */
uint32_t graph_rotate(struct graph *g, uint32_t x, const struct graph_sequence *sequence);
/* Causal attention of q's heads to k's and v's, which divide them in number; scaled by 1/√head_dim. */
uint32_t graph_attention(struct graph *g, uint32_t q, uint32_t k, uint32_t v,
			 const struct graph_sequence *sequence);
/* gate · sigmoid(gate) · up, both outputs of linear layers. */
uint32_t graph_swiglu(struct graph *g, uint32_t gate, uint32_t up);
/* The mean over the batch is what is minimised. Takes the output of a linear layer, last in the graph. */
uint32_t graph_cross_entropy(struct graph *g, uint32_t x);

/* Takes memory: parameters, gradients and moments are zero. */
int graph_place(struct graph *g, struct chip *chip, struct axon_err *err);
/* A graph that was only initialised, or zeroed, may be closed too. */
void graph_close(struct graph *g);
/* Fills the parameters as their starts say, each from a stream of its own. */
void graph_randomise(struct graph *g, uint64_t seed);

int graph_record_forward(struct graph *g, struct accel_stream *stream, struct axon_err *err);
int graph_record_backward(struct graph *g, struct accel_stream *stream, struct axon_err *err);
/* One step of AdamW with what is in g->adamw when it runs; with `clip` gradients are clipped first. */
int graph_record_adamw(struct graph *g, struct accel_stream *stream, bool clip,
		       struct axon_err *err);

#endif
