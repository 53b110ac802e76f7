// SPDX-License-Identifier: MIT
/* Words for errors and faults, all from the catalogues in uapi/. */
#include "internal.h"
#include "axon_errors.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct sentence {
	int err;
	const char *text;
};

/* The catalogue, then what the library itself returns for its caller's mistakes: each errno once. */
static const struct sentence sentences[] = {
#define SENTENCE(name, number, err, meaning, action) {err, meaning "; " action},
	AXON_ERR_LIST(SENTENCE)
#undef SENTENCE
		{EINVAL, "an argument is out of its range; see the function's man page"},
	{ENOMEM, "the process or the system is out of memory; free some"},
	{E2BIG, "more than one call takes; split it"},
	{ENOENT, "no such name; check its spelling and that it is exported"},
	{EXDEV, "the objects belong to different address spaces; create both in one"},
	{EEXIST, "it exists already; create it once"},
	{EPERM, "not permitted to this user; high priority needs CAP_SYS_NICE"},
	{EINTR, "interrupted by a signal; try again"},
	{EALREADY, "work of another queue is outstanding on the timeline; wait for it first"},
	{EOPNOTSUPP, "the device or its driver lacks this; accel-smi static lists its features"},
	{ECANCELED, "cancelled because the queue died; read its fault record"},
};

ACCEL_EXPORT const char *accel_strerror(int err)
{
	if (!err)
		return "success";
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++)
		if (sentences[i].err == -err)
			return sentences[i].text;
	return "an error without an entry in the catalogue; errno(1) names it";
}

ACCEL_EXPORT const char *accel_fault_name(unsigned int cause)
{
	switch (cause) {
#define NAME(name, number, text, action) \
	case number: return #name;
		AXON_FAULT_LIST(NAME)
#undef NAME
	default: return "UNKNOWN";
	}
}

ACCEL_EXPORT const char *accel_fault_text(unsigned int cause)
{
	switch (cause) {
#define TEXT(name, number, text, action) \
	case number: return text;
		AXON_FAULT_LIST(TEXT)
#undef TEXT
	default: return "a fault that this library does not know; it is older than the device";
	}
}

ACCEL_EXPORT const char *accel_fault_action(unsigned int cause)
{
	switch (cause) {
#define ACTION(name, number, text, action) \
	case number: return action;
		AXON_FAULT_LIST(ACTION)
#undef ACTION
	default: return "install the libaccel that belongs to the driver";
	}
}

static const char *engine_name(unsigned int engine)
{
	static const char *const names[] = {
		[AXON_ENGINE_DMA] = "DMA",	 [AXON_ENGINE_MATRIX] = "matrix",
		[AXON_ENGINE_VECTOR] = "vector", [AXON_ENGINE_HART] = "hart",
		[AXON_ENGINE_COPY] = "copy",	 [AXON_NUM_ENGINES] = "command processor",
	};

	return engine < sizeof(names) / sizeof(*names) ? names[engine] : "unknown engine";
}

/* snprintf behind what is there already; counts on when the text is full. */
static void append(char *text, size_t bytes, size_t *at, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void append(char *text, size_t bytes, size_t *at, const char *format, ...)
{
	size_t left = *at < bytes ? bytes - *at : 0;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(left ? text + *at : NULL, left, format, args);
	va_end(args);
	if (n > 0)
		*at += n;
}

static void append_field(const struct axon_fault *fault, char *text, size_t bytes, size_t *at)
{
	if (fault->cause == AXON_FAULT_BAD_DESC || fault->cause == AXON_FAULT_BAD_PACKET)
		append(text, bytes, at, ", field at byte %u holds 0x%x",
		       (unsigned int)(fault->info >> 32), (unsigned int)fault->info);
}

ACCEL_EXPORT int accel_fault_format(const struct axon_fault *fault, struct accel_program *prog,
				    char *text, size_t bytes)
{
	char where[256];
	size_t at = 0;

	append(text, bytes, &at, "%s at 0x%llx by ", accel_fault_name(fault->cause),
	       (unsigned long long)fault->addr);
	if (fault->core != AXON_FAULT_NO_CORE)
		append(text, bytes, &at, "core %u ", fault->core);
	append(text, bytes, &at, "%s", engine_name(fault->engine));
	append_field(fault, text, bytes, &at);
	if (fault->core != AXON_FAULT_NO_CORE) {
		append(text, bytes, &at, ", pc 0x%llx", (unsigned long long)fault->pc);
		if (prog && !accel_program_symbolize(prog, fault->pc, where, sizeof(where)))
			append(text, bytes, &at, " %s", where);
		append(text, bytes, &at, ", workgroup %u,%u,%u", fault->wg[0], fault->wg[1],
		       fault->wg[2]);
	}
	append(text, bytes, &at, ", packet %u: %s", fault->tag, accel_fault_text(fault->cause));
	return at < bytes ? 0 : -E2BIG;
}

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

ACCEL_EXPORT const char *accel_version(void)
{
	return STRING(ACCEL_VERSION_MAJOR) "." STRING(ACCEL_VERSION_MINOR);
}
