/* SPDX-License-Identifier: MIT */
/*
 * A convolutional network that tells images of 28 × 28 grey pixels apart, in training: the data set on
 * the chip, the graph, the order of the data and the optimizer. Where training is, is (seed, batch,
 * step) and the parameters with their moments: a checkpoint holds these, and going on from it gives
 * the same bits as never having stopped.
 */
#ifndef AXON_RUNTIME_CLASSIFIER_H
#define AXON_RUNTIME_CLASSIFIER_H

#include <stdint.h>

#include "graph.h"

#define CLASSIFIER_MAX_BATCH 1024

struct classifier_state {
	uint64_t seed;
	uint32_t batch;
	uint64_t step; /* steps done */
};

struct classifier {
	struct classifier_state at;
	struct chip *chip;
	struct graph graph;
	uint32_t input; /* its tensor */
	uint32_t train_images, test_images;
	struct accel_buffer *pixels; /* all images, then all labels; training, then test */
	struct accel_buffer *control;
	uint32_t *index; /* of the batch's images */
	struct accel_stream *train, *test;
	uint32_t *order; /* of the training images in this epoch */
	uint64_t order_epoch;
};

/* Reads the data set from `folder` and takes memory; parameters are random, step is 0. */
int classifier_open(struct classifier *c, struct chip *chip, const char *folder,
		    const struct classifier_state *at, struct axon_err *err);
/* A zeroed struct may be closed, too. */
void classifier_close(struct classifier *c);

/* Steps of an epoch; images that do not fill a batch are left out of it. */
uint32_t classifier_epoch(const struct classifier *c);
/* One step; *loss is the mean of the batch before it. */
int classifier_step(struct classifier *c, double *loss, struct axon_err *err);
/* How many of the test images are recognised. */
int classifier_test(struct classifier *c, uint32_t *correct, struct axon_err *err);

int classifier_save(struct classifier *c, const char *path, struct axon_err *err);
/* What a checkpoint was trained with. */
int classifier_peek(const char *path, struct classifier_state *at, struct axon_err *err);
/* Parameters, moments and step of a checkpoint of the same seed and batch. */
int classifier_load(struct classifier *c, const char *path, struct axon_err *err);

#endif
