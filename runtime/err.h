/* SPDX-License-Identifier: MIT */
/*
 * How the runtime reports an error: the failing function returns a negative errno and fills the
 * caller's struct axon_err with one line that names what was expected, what was found and what to
 * do. Nothing is printed and nothing is global; whoever talks to the user prints the line.
 */
#ifndef AXON_RUNTIME_ERR_H
#define AXON_RUNTIME_ERR_H

struct axon_err {
	int code;      /* negative errno, 0 when nothing failed */
	char msg[512]; /* one line, no newline, control characters replaced by '?' */
};

/*
 * Fill @err (may be NULL) and return @code, so that `return axon_fail(err, -EINVAL, "…", …);`
 * reads as one statement. Strings quoted from a file may be passed as they are.
 */
int axon_fail(struct axon_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for an error in the file that @owner, which has a name, was read from. */
#define named_fail(owner, err, code, fmt, ...) \
	axon_fail(err, code, "%s: " fmt, (owner)->name, ##__VA_ARGS__)

/* What to do, for the end of a line. */
#define ERR_DAMAGED   ": the file is damaged; get it again"
#define ERR_RECONVERT ": convert the model again"

#endif
