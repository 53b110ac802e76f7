// SPDX-License-Identifier: MIT
#include <axon_isa.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier.h"
#include "gather_args.h"
#include "idx.h"
#include "random.h"

#define SIDE	   28
#define PIXELS	   (SIDE * SIDE)
#define CLASSES	   10
#define ROWS_BATCH 16

/* Mean and standard deviation of the training set's pixels, 0 to 1. */
#define PIXEL_MEAN 0.2860f
#define PIXEL_DEV  0.3530f

#define RATE  1e-3
#define DECAY 1e-2
#define BETA1 0.9
#define BETA2 0.999
#define EPS   1e-8

enum { TRAIN, TEST, PARTS };

/* ---- the data set ---- */

struct dataset {
	struct idx images[PARTS], labels[PARTS];
};

static int read_part(struct dataset *d, int part, const char *folder, struct axon_err *err)
{
	static const char *const names[PARTS] = {"train", "t10k"};
	struct idx *images = &d->images[part], *labels = &d->labels[part];
	char path[4096];
	int ret;

	snprintf(path, sizeof(path), "%s/%s-images-idx3-ubyte.gz", folder, names[part]);
	ret = idx_read(path, 3, images, err);
	if (ret)
		return ret;
	if (images->dim[1] != SIDE || images->dim[2] != SIDE)
		return axon_fail(err, -EINVAL,
				 "%s: expected images of %d x %d pixels, found %u x %u" ERR_DAMAGED,
				 path, SIDE, SIDE, images->dim[1], images->dim[2]);
	snprintf(path, sizeof(path), "%s/%s-labels-idx1-ubyte.gz", folder, names[part]);
	ret = idx_read(path, 1, labels, err);
	if (ret)
		return ret;
	if (labels->dim[0] != images->dim[0])
		return axon_fail(err, -EINVAL, "%s: expected %u labels, found %u" ERR_DAMAGED, path,
				 images->dim[0], labels->dim[0]);
	for (uint32_t i = 0; i < labels->dim[0]; i++)
		if (labels->bytes[i] >= CLASSES)
			return axon_fail(err, -EINVAL,
					 "%s: expected labels below %d, found %u" ERR_DAMAGED, path,
					 CLASSES, labels->bytes[i]);
	return 0;
}

/* All images, then all labels, so that one stream can take either part. */
static int upload(struct classifier *c, const struct dataset *d, struct axon_err *err)
{
	uint64_t images = (uint64_t)c->train_images + c->test_images;
	uint8_t *to;
	void *p;
	int ret = chip_buffer(c->chip, images * (PIXELS + 1), ACCEL_BUFFER_VRAM,
			      ACCEL_PURPOSE_OTHER, &c->pixels, err);

	if (ret)
		return ret;
	ret = accel_buffer_map(c->pixels, &p);
	if (ret)
		return chip_fail(err, "mapping the data set", ret);
	to = p;
	memcpy(to, d->images[TRAIN].bytes, (size_t)c->train_images * PIXELS);
	memcpy(to + (size_t)c->train_images * PIXELS, d->images[TEST].bytes,
	       (size_t)c->test_images * PIXELS);
	to += images * PIXELS;
	memcpy(to, d->labels[TRAIN].bytes, c->train_images);
	memcpy(to + c->train_images, d->labels[TEST].bytes, c->test_images);
	return 0;
}

static int load_dataset(struct classifier *c, const char *folder, struct axon_err *err)
{
	struct dataset d = {0};
	int ret = read_part(&d, TRAIN, folder, err);

	if (!ret)
		ret = read_part(&d, TEST, folder, err);
	c->train_images = d.images[TRAIN].dim[0];
	c->test_images = d.images[TEST].dim[0];
	if (!ret && c->at.batch > c->train_images)
		ret = axon_fail(err, -EINVAL, "batch: expected at most %u images, found %u",
				c->train_images, c->at.batch);
	if (!ret)
		ret = upload(c, &d, err);
	for (int i = 0; i < PARTS; i++) {
		free(d.images[i].bytes);
		free(d.labels[i].bytes);
	}
	return ret;
}

/* ---- the network ---- */

static void build(struct classifier *c)
{
	struct graph *g = &c->graph;
	uint32_t x;

	graph_init(g, c->at.batch);
	c->input = graph_input(g, SIDE, SIDE, 1);
	x = graph_max_pool(g, graph_conv(g, c->input, "conv1", 16));
	x = graph_max_pool(g, graph_conv(g, x, "conv2", 32));
	graph_cross_entropy(g, graph_linear(g, x, "fc", CLASSES));
}

static int record_gather(struct classifier *c, struct accel_stream *stream, struct axon_err *err)
{
	uint32_t images = c->train_images + c->test_images;
	uint32_t groups = (c->at.batch + ROWS_BATCH - 1) / ROWS_BATCH;
	struct gather_args args = {
		.src = accel_buffer_va(c->pixels),
		.index = accel_buffer_va(c->control),
		.dst = c->graph.tensors[c->input].value,
		.rows = c->at.batch,
		.cols = PIXELS,
		.limit = images,
		.rows_per_wg = ROWS_BATCH,
		.src_type = AXON_U8,
		.dst_type = AXON_F32,
		.scale = 1.0f / (255.0f * PIXEL_DEV),
		.shift = -PIXEL_MEAN / PIXEL_DEV,
	};
	int ret = chip_launch(c->chip, stream, CHIP_gather, groups, 1, &args, sizeof(args), err);

	if (ret)
		return ret;
	args.src += (uint64_t)images * PIXELS;
	args.dst = c->graph.label_va;
	args.cols = 1;
	args.dst_type = AXON_I32;
	args.scale = 0.0f;
	return chip_launch(c->chip, stream, CHIP_gather, groups, 1, &args, sizeof(args), err);
}

static int record(struct classifier *c, struct axon_err *err)
{
	int ret = accel_stream_create(c->chip->vm, &c->train);

	if (!ret)
		ret = accel_stream_create(c->chip->vm, &c->test);
	if (ret)
		return chip_fail(err, "a stream", ret);
	ret = record_gather(c, c->test, err);
	if (!ret)
		ret = graph_record_forward(&c->graph, c->test, err);
	if (!ret)
		ret = record_gather(c, c->train, err);
	if (!ret)
		ret = graph_record_forward(&c->graph, c->train, err);
	if (!ret)
		ret = graph_record_backward(&c->graph, c->train, err);
	return ret ? ret : graph_record_adamw(&c->graph, c->train, false, err);
}

static int place_control(struct classifier *c, struct axon_err *err)
{
	uint64_t bytes = c->at.batch * sizeof(*c->index);
	void *p = NULL;
	int ret = chip_buffer(c->chip, bytes, ACCEL_BUFFER_SYSTEM, ACCEL_PURPOSE_ACTIVATIONS,
			      &c->control, err);

	if (ret)
		return ret;
	ret = accel_buffer_map(c->control, &p);
	c->index = p;
	c->order = malloc(c->train_images * sizeof(*c->order));
	c->order_epoch = UINT64_MAX;
	if (!c->order)
		return axon_fail(err, -ENOMEM, "out of memory");
	return ret ? chip_fail(err, "mapping a buffer", ret) : 0;
}

int classifier_open(struct classifier *c, struct chip *chip, const char *folder,
		    const struct classifier_state *at, struct axon_err *err)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->at = (struct classifier_state){.seed = at->seed, .batch = at->batch};
	c->chip = chip;
	ret = load_dataset(c, folder, err);
	if (ret)
		goto out;
	build(c);
	ret = graph_place(&c->graph, chip, err);
	if (!ret)
		ret = place_control(c, err);
	if (!ret)
		ret = record(c, err);
	if (!ret)
		graph_randomise(&c->graph, at->seed);
out:
	if (ret)
		classifier_close(c);
	return ret;
}

void classifier_close(struct classifier *c)
{
	accel_stream_destroy(c->train);
	accel_stream_destroy(c->test);
	graph_close(&c->graph);
	accel_buffer_destroy(c->pixels);
	accel_buffer_destroy(c->control);
	free(c->order);
	memset(c, 0, sizeof(*c));
}

/* ---- steps ---- */

uint32_t classifier_epoch(const struct classifier *c)
{
	return c->train_images / c->at.batch;
}

/* The order of an epoch is a function of the seed and the epoch. */
static void shuffle(struct classifier *c, uint64_t epoch)
{
	uint64_t state = random_stream(c->at.seed, ~epoch);

	for (uint32_t i = 0; i < c->train_images; i++) {
		uint32_t j = random_below(&state, i + 1);

		c->order[i] = c->order[j];
		c->order[j] = i;
	}
	c->order_epoch = epoch;
}

/* What adamw needs to know of the step that is number t, from 1. */
static struct adamw_step adamw_step(uint64_t t)
{
	return (struct adamw_step){
		.m_rate = (float)(1 - BETA1),
		.v_keep = (float)BETA2,
		.v_rate = (float)(1 - BETA2),
		.w_keep = (float)(1 - RATE * DECAY),
		.rate = (float)(RATE / (1 - pow(BETA1, (double)t))),
		.v_scale = (float)(1 / sqrt(1 - pow(BETA2, (double)t))),
		.eps = (float)EPS,
	};
}

int classifier_step(struct classifier *c, double *loss, struct axon_err *err)
{
	uint64_t epoch = c->at.step / classifier_epoch(c);
	uint64_t first = c->at.step % classifier_epoch(c) * c->at.batch;
	double sum = 0;
	int ret;

	if (c->order_epoch != epoch)
		shuffle(c, epoch);
	memcpy(c->index, c->order + first, c->at.batch * sizeof(*c->index));
	*c->graph.adamw = adamw_step(c->at.step + 1);
	ret = chip_run(c->chip, c->train, err);
	if (ret)
		return ret;
	c->at.step++;
	for (uint32_t i = 0; i < c->at.batch; i++)
		sum += (double)c->graph.loss[i];
	*loss = sum / c->at.batch;
	return 0;
}

int classifier_test(struct classifier *c, uint32_t *correct, struct axon_err *err)
{
	*correct = 0;
	for (uint32_t first = 0; first < c->test_images; first += c->at.batch) {
		uint32_t left = c->test_images - first;
		uint32_t n = left < c->at.batch ? left : c->at.batch;
		int ret;

		/* What a batch has too many are images of no interest. */
		for (uint32_t i = 0; i < c->at.batch; i++)
			c->index[i] = i < n ? c->train_images + first + i : 0;
		ret = chip_run(c->chip, c->test, err);
		if (ret)
			return ret;
		for (uint32_t i = 0; i < n; i++)
			*correct += c->graph.correct[i] != 0.0f;
	}
	return 0;
}
