// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "machine.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS  64
#define REPLY_MAX 4096

static void die(const char *what)
{
	fprintf(stderr, "qtest: %s\n", what);
	abort();
}

static const char *qemu_binary(void)
{
	return getenv("QTEST_QEMU_BINARY");
}

bool machine_available(void)
{
	return qemu_binary() && access(qemu_binary(), X_OK) == 0;
}

static int listen_at(const char *folder, const char *name)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/%s", folder, name);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		die("cannot listen on a socket");
	return fd;
}

static void take(int listener, FILE **in, FILE **out)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		die("QEMU does not connect");
	*in = fdopen(fd, "r");
	*out = fdopen(dup(fd), "w");
	close(listener);
	setvbuf(*out, NULL, _IOLBF, 0);
}

/* Start QEMU with its messages going to `errors`. */
static pid_t start(const char *const *args, const char *folder, int errors)
{
	const char *argv[MAX_ARGS] = {qemu_binary(), "-machine",
				      "q35",	     "-nodefaults",
				      "-display",    "none",
				      "-accel",	     "qtest",
				      "-m",	     "64M",
				      "-L",	     "/usr/share/seabios",
				      "-L",	     "/usr/share/qemu",
				      "-qtest-log",  "none"};
	static char qtest[96], qmp[96];
	unsigned int n = 0;
	pid_t pid;

	while (argv[n])
		n++;
	if (folder) {
		snprintf(qtest, sizeof(qtest), "unix:%s/qtest", folder);
		snprintf(qmp, sizeof(qmp), "unix:%s/qmp", folder);
		argv[n++] = "-qtest";
		argv[n++] = qtest;
		argv[n++] = "-qmp";
		argv[n++] = qmp;
	}
	for (; *args && n < MAX_ARGS - 1; args++)
		argv[n++] = *args;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (errors >= 0)
			dup2(errors, STDERR_FILENO);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static void qmp_reply(struct machine *m)
{
	char line[REPLY_MAX];

	/* events come in between */
	while (fgets(line, sizeof(line), m->qmp_in)) {
		if (strstr(line, "\"error\""))
			die(line);
		if (strstr(line, "\"return\"") || strstr(line, "\"QMP\""))
			return;
	}
	die("QEMU's monitor went away");
}

void machine_qmp(struct machine *m, const char *command, const char *arguments)
{
	fprintf(m->qmp_out, "{ \"execute\": \"%s\", \"arguments\": %s }\n", command,
		arguments ? arguments : "{}");
	qmp_reply(m);
}

struct machine *machine_new(const char *const *args)
{
	struct machine *m = calloc(1, sizeof(*m));
	int qtest, qmp;

	signal(SIGPIPE, SIG_IGN);
	alarm(120);
	strcpy(m->folder, "/tmp/axon-qtest-XXXXXX");
	if (!mkdtemp(m->folder))
		die("cannot make a folder in /tmp");
	qtest = listen_at(m->folder, "qtest");
	qmp = listen_at(m->folder, "qmp");
	m->pid = start(args, m->folder, -1);
	take(qtest, &m->qtest_in, &m->qtest_out);
	take(qmp, &m->qmp_in, &m->qmp_out);
	qmp_reply(m);
	machine_qmp(m, "qmp_capabilities", NULL);
	return m;
}

void machine_free(struct machine *m)
{
	char path[96];
	int status;

	machine_qmp(m, "quit", NULL);
	if (waitpid(m->pid, &status, 0) < 0 || status)
		die("QEMU did not end well");
	fclose(m->qtest_in);
	fclose(m->qtest_out);
	fclose(m->qmp_in);
	fclose(m->qmp_out);
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", m->folder, i ? "qmp" : "qtest");
		unlink(path);
	}
	rmdir(m->folder);
	free(m);
}

int machine_refuses(const char *const *args, char *text, size_t size)
{
	size_t have = 0;
	int pipe_fd[2], status;
	ssize_t n;
	pid_t pid;

	alarm(60);
	if (pipe2(pipe_fd, O_CLOEXEC))
		die("no pipe");
	pid = start(args, NULL, pipe_fd[1]);
	close(pipe_fd[1]);
	while (have < size - 1 && (n = read(pipe_fd[0], text + have, size - 1 - have)) > 0)
		have += (size_t)n;
	text[have] = 0;
	close(pipe_fd[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Send a command; its value, if the reply has one. */
static uint64_t command(struct machine *m, const char *format, ...)
{
	char line[REPLY_MAX];
	uint64_t value = 0;
	va_list args;

	va_start(args, format);
	vfprintf(m->qtest_out, format, args);
	va_end(args);
	fputc('\n', m->qtest_out);
	fflush(m->qtest_out);
	do {
		if (!fgets(line, sizeof(line), m->qtest_in))
			die("QEMU went away");
	} while (!strncmp(line, "IRQ", 3));
	if (strncmp(line, "OK", 2))
		die(line);
	sscanf(line, "OK %" SCNi64, (int64_t *)&value);
	return value;
}

uint32_t machine_r32(struct machine *m, uint64_t addr)
{
	return (uint32_t)command(m, "readl 0x%" PRIx64, addr);
}

void machine_w32(struct machine *m, uint64_t addr, uint32_t value)
{
	command(m, "writel 0x%" PRIx64 " 0x%x", addr, value);
}

uint64_t machine_r64(struct machine *m, uint64_t addr)
{
	return command(m, "readq 0x%" PRIx64, addr);
}

void machine_w64(struct machine *m, uint64_t addr, uint64_t value)
{
	command(m, "writeq 0x%" PRIx64 " 0x%" PRIx64, addr, value);
}

void machine_write(struct machine *m, uint64_t addr, const void *data, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i += 8) {
		uint64_t word;

		memcpy(&word, (const char *)data + i, sizeof(word));
		machine_w64(m, addr + i, word);
	}
}

static void select_config(struct machine *m, unsigned int bdf, unsigned int reg)
{
	command(m, "outl 0xcf8 0x%x", 0x80000000u | bdf << 8 | (reg & ~3u));
}

uint32_t machine_config_r32(struct machine *m, unsigned int bdf, unsigned int reg)
{
	select_config(m, bdf, reg);
	return (uint32_t)command(m, "inl 0xcfc");
}

void machine_config_w32(struct machine *m, unsigned int bdf, unsigned int reg, uint32_t value)
{
	select_config(m, bdf, reg);
	command(m, "outl 0xcfc 0x%x", value);
}

unsigned int machine_capability(struct machine *m, unsigned int bdf, unsigned int id)
{
	unsigned int at = machine_config_r32(m, bdf, 0x34) & 0xfc;

	for (unsigned int n = 0; at && n < 48; n++) {
		uint32_t word = machine_config_r32(m, bdf, at);

		if ((word & 0xff) == id)
			return at;
		at = word >> 8 & 0xfc;
	}
	return 0;
}
