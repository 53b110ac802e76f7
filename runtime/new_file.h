/* SPDX-License-Identifier: MIT */
/* Files that are there as a whole or not at all, whatever happens while they are written. */
#ifndef AXON_RUNTIME_NEW_FILE_H
#define AXON_RUNTIME_NEW_FILE_H

#include <stdio.h>

#include "err.h"

/*
 * Makes `path`, or replaces it, by what @write puts into the stream: written as path.tmp,
 * synchronised, renamed. @write returns 0 or a negative errno; only with 0, and when no write
 * failed, does `path` change.
 */
int new_file_write(const char *path, int (*write)(void *arg, FILE *f), void *arg,
		   struct axon_err *err);
/* Whether that could work, before the work whose result it is to be: path's folder can be written. */
int new_file_check(const char *path, struct axon_err *err);

#endif
