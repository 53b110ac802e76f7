// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "smi_process.h"

/* Room for one more element behind `count`, in steps that double; NULL when memory is out. */
static void *grow(void *items, size_t count, size_t size)
{
	if (count & (count - 1))
		return items;
	return realloc(items, (count ? 2 * count : 1) * size);
}

struct smi_process *smi_process_find(const struct smi_processes *list, pid_t pid, const char *bdf)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].pid == pid && !strcmp(list->items[i].bdf, bdf))
			return &list->items[i];
	return NULL;
}

/* The beginning of a small file as a string; its length or -errno. */
static ssize_t read_text(const char *path, char *text, size_t bytes)
{
	FILE *f = fopen(path, "r");
	size_t length;

	if (!f)
		return -errno;
	length = fread(text, 1, bytes - 1, f);
	text[length] = '\0';
	fclose(f);
	return (ssize_t)length;
}

/* A process names itself: let it not steer the terminal. */
static void read_name(const char *proc, pid_t pid, char *name, size_t bytes)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%d/comm", proc, (int)pid);
	if (read_text(path, name, bytes) <= 0)
		strcpy(name, "?");
	name[strcspn(name, "\n")] = '\0';
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
}

/* Remembers an open file; 1 when it was known, so that a shared or duplicated one counts once. */
static int seen(struct smi_processes *list, const struct smi_fdinfo *info)
{
	struct smi_client *clients;

	for (size_t i = 0; i < list->num_clients; i++)
		if (list->clients[i].id == info->client && !strcmp(list->clients[i].bdf, info->bdf))
			return 1;
	clients = grow(list->clients, list->num_clients, sizeof(*clients));
	if (!clients)
		return -ENOMEM;
	list->clients = clients;
	clients[list->num_clients].id = info->client;
	strcpy(clients[list->num_clients++].bdf, info->bdf);
	return 0;
}

static int add_file(struct smi_processes *list, const char *proc, pid_t pid,
		    const struct smi_fdinfo *info)
{
	struct smi_process *p;
	int ret = seen(list, info);

	if (ret)
		return ret < 0 ? ret : 0;
	p = smi_process_find(list, pid, info->bdf);
	if (!p) {
		p = grow(list->items, list->count, sizeof(*p));
		if (!p)
			return -ENOMEM;
		list->items = p;
		p += list->count++;
		*p = (struct smi_process){.pid = pid};
		strcpy(p->bdf, info->bdf);
		read_name(proc, pid, p->name, sizeof(p->name));
	}
	p->vram_bytes += info->vram_bytes;
	p->system_bytes += info->system_bytes;
	for (unsigned int i = 0; i < SMI_NUM_PURPOSES; i++)
		p->purpose_bytes[i] += info->purpose_bytes[i];
	for (unsigned int e = 0; e < AXON_NUM_ENGINES; e++)
		p->busy_ns[e] += info->busy_ns[e];
	return 0;
}

/* A process that ends meanwhile is no error: its files are just not there any more. */
static int read_process(struct smi_processes *list, const char *proc, pid_t pid)
{
	char path[512], text[4096];
	const struct dirent *entry;
	struct smi_fdinfo info;
	DIR *dir;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/%d/fdinfo", proc, (int)pid);
	dir = opendir(path);
	if (!dir) {
		list->partial |= errno == EACCES;
		return 0;
	}
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%d/fdinfo/%s", proc, (int)pid, entry->d_name);
		if (read_text(path, text, sizeof(text)) > 0 && smi_fdinfo_parse(text, &info))
			ret = add_file(list, proc, pid, &info);
	}
	closedir(dir);
	return ret;
}

int smi_processes_read(const char *proc, struct smi_processes *list)
{
	const struct dirent *entry;
	DIR *dir = opendir(proc);
	int ret = 0;

	*list = (struct smi_processes){0};
	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && pid != getpid())
			ret = read_process(list, proc, pid);
	}
	closedir(dir);
	if (ret)
		smi_processes_free(list);
	return ret;
}

void smi_processes_free(struct smi_processes *list)
{
	free(list->items);
	free(list->clients);
	*list = (struct smi_processes){0};
}
