/* SPDX-License-Identifier: MIT */
/* The terminal of the live view. */
#ifndef AXON_TOOLS_SMI_TOP_H
#define AXON_TOOLS_SMI_TOP_H

#include <termios.h>

#include "smi.h"

struct smi_top {
	bool tty, raw;
	struct termios before;
};

/* Takes the terminal; end gives it back as it was. */
void smi_top_begin(struct smi_top *top);
void smi_top_end(struct smi_top *top);
/* False when the user or a signal ended it meanwhile. */
bool smi_top_wait(const struct smi_top *top, double seconds);
/* Sorts the processes and shows as many as there is room for. */
void smi_top_print(const struct smi_top *top, struct smi *smi);

#endif
