/* SPDX-License-Identifier: MIT */
/*
 * Buffers of blocks that hold one value each, and a model of what the chip is told to do with them:
 * what is in memory in the end is compared with that.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "../abi.h"

#define BLOCK	   65536ull
#define MAX_BLOCKS 8192u
#define COMMANDS   (2ull << 30) /* address of the command buffer in each address space */

/* `count` buffers of `blocks` blocks each, one behind the other from TEST_VA on. */
struct blocks {
	int fd;
	uint32_t vm, count, blocks;
	uint32_t bo[16];
	uint32_t *map[16];
	uint32_t model[MAX_BLOCKS];
	unsigned int seed;
};

uint64_t blocks_vram_size(int fd);
/* Of `bytes` in all; `flags` as BO_CREATE's. Only for this address space, or of the file. */
void blocks_create(struct blocks *b, int fd, uint32_t vm, uint32_t count, uint64_t bytes,
		   uint32_t flags, bool private, unsigned int seed);
void blocks_destroy(struct blocks *b);
/* The next random operation, carried out in the model. */
void blocks_next(struct blocks *b, struct axon_packet *packet);
/* Compares the memory with the model; fails the test, or returns false in a child process. */
bool blocks_right(const struct blocks *b);

#endif
