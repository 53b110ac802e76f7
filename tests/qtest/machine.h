/* SPDX-License-Identifier: MIT */
/* A QEMU machine without a guest, driven over the qtest and QMP protocols. */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct machine {
	pid_t pid;
	FILE *qtest_in, *qtest_out;
	FILE *qmp_in, *qmp_out;
	char folder[64];
};

/* QEMU with the arguments (NULL-terminated); NULL when it did not start. Fails the test if stuck. */
struct machine *machine_new(const char *const *args);
void machine_free(struct machine *m);

/* Run QEMU with the arguments until it ends by itself; its messages to `text`. Returns its status. */
int machine_refuses(const char *const *args, char *text, size_t size);

/* Can the tests run: is QEMU there? */
bool machine_available(void);

uint32_t machine_r32(struct machine *m, uint64_t addr);
void machine_w32(struct machine *m, uint64_t addr, uint32_t value);
uint64_t machine_r64(struct machine *m, uint64_t addr);
void machine_w64(struct machine *m, uint64_t addr, uint64_t value);
/* An 8-byte-multiple of bytes. */
void machine_write(struct machine *m, uint64_t addr, const void *data, unsigned int bytes);

/* Configuration space; bdf: bus << 8 | device << 3 | function. */
uint32_t machine_config_r32(struct machine *m, unsigned int bdf, unsigned int reg);
void machine_config_w32(struct machine *m, unsigned int bdf, unsigned int reg, uint32_t value);
/* Offset of a capability, 0 = none. */
unsigned int machine_capability(struct machine *m, unsigned int bdf, unsigned int id);

/* A QMP command; arguments: a JSON object, or NULL. */
void machine_qmp(struct machine *m, const char *command, const char *arguments);

#endif
