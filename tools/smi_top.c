// SPDX-License-Identifier: MIT
/*
 * The live view: devices and, busiest first, the processes on them, anew each interval until q or a
 * signal. It is drawn on the terminal's other screen, so that what was there comes back. Where
 * standard output is no terminal the views follow one another.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "smi_top.h"

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"
#define CLEAR "\033[H\033[J"

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

/* Keys come without Enter and are not shown. */
static bool enter_raw(struct termios *before)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, before))
		return false;
	raw = *before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	return !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void smi_top_begin(struct smi_top *top)
{
	*top = (struct smi_top){.tty = isatty(STDOUT_FILENO)};
	catch_signals();
	if (!top->tty)
		return;
	/* One write for each view does not flicker. */
	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	top->raw = enter_raw(&top->before);
	fputs(ENTER, stdout);
	fflush(stdout);
}

void smi_top_end(struct smi_top *top)
{
	if (!top->tty)
		return;
	fputs(LEAVE, stdout);
	fflush(stdout);
	if (top->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &top->before);
}

bool smi_top_wait(const struct smi_top *top, double seconds)
{
	struct pollfd in = {.fd = top->raw ? STDIN_FILENO : -1, .events = POLLIN};
	struct timespec now;
	double end, left;
	char key;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = (double)now.tv_sec + (double)now.tv_nsec / 1e9 + seconds;
	while (!stopped) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		left = end - (double)now.tv_sec - (double)now.tv_nsec / 1e9;
		if (left <= 0)
			return true;
		if (poll(&in, 1, (int)(left * 1000) + 1) > 0) {
			if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
				return false;
		}
	}
	return false;
}

/* The engine that is used most is what a process is known by. */
static double busiest(const struct smi_process *p)
{
	double most = 0;

	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		if (p->percent[e] > most)
			most = p->percent[e];
	return most;
}

static int by_use(const void *a, const void *b)
{
	const struct smi_process *x = a, *y = b;
	double use = busiest(y) - busiest(x);

	if (use > 0 || use < 0)
		return use > 0 ? 1 : -1;
	if (x->vram_bytes != y->vram_bytes)
		return x->vram_bytes < y->vram_bytes ? 1 : -1;
	return x->pid > y->pid ? 1 : x->pid < y->pid ? -1 : 0;
}

static unsigned int terminal_rows(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ? 24 : size.ws_row;
}

/* As many processes as there is room for below the devices and their headings. */
static size_t visible(const struct smi *smi)
{
	unsigned int rows = terminal_rows(), others = smi->num_devices + 5;
	size_t room = rows > others ? rows - others : 1;

	return smi->processes.count < room ? smi->processes.count : room;
}

void smi_top_print(const struct smi_top *top, struct smi *smi)
{
	struct smi_processes *list = &smi->processes;
	size_t count = list->count;

	if (count)
		qsort(list->items, count, sizeof(*list->items), by_use);
	if (top->tty) {
		list->count = visible(smi);
		fputs(CLEAR, stdout);
	}
	smi_print_text(smi, SMI_TOP);
	list->count = count;
	if (top->tty)
		printf("%zu processes; q ends\n", count);
	fflush(stdout);
}
