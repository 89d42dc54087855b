// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Loads libraries and allocates through them, as its arguments say: "+LIBRARY" loads it,
 * "-LIBRARY" unloads it, "N=LIBRARY" allocates N times through it, after a pause in
 * which whoever watches can learn of it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH    2
#define SIZE     77
#define PAUSE_US 700000
#define MAX      16

typedef void *(*deep_fn)(int depth, void *(*allocate)(size_t), size_t size);

struct library {
	const char *path;
	void *handle;
};

void *allocate(size_t size);
void run(deep_fn deep, int n);

__attribute__((noinline)) void *allocate(size_t size)
{
	void *p = malloc(size);

	if (!p)
		abort();
	return p;
}

__attribute__((noinline)) void run(deep_fn deep, int n)
{
	while (n-- > 0)
		free(deep(DEPTH, allocate, SIZE));
}

static void *handle_of(struct library *all, const char *path)
{
	for (int i = 0; i < MAX; i++) {
		if (all[i].path && !strcmp(all[i].path, path))
			return all[i].handle;
	}
	return NULL;
}

static void load(struct library *all, const char *path)
{
	for (int i = 0; i < MAX; i++) {
		if (all[i].path)
			continue;
		all[i].path = path;
		all[i].handle = dlopen(path, RTLD_NOW);
		if (!all[i].handle) {
			fprintf(stderr, "%s\n", dlerror());
			exit(1);
		}
		return;
	}
}

static void unload(struct library *all, const char *path)
{
	for (int i = 0; i < MAX; i++) {
		if (all[i].path && !strcmp(all[i].path, path)) {
			dlclose(all[i].handle);
			all[i].path = NULL;
		}
	}
}

int main(int argc, char **argv)
{
	struct library all[MAX] = {0};

	for (int i = 1; i < argc; i++) {
		const char *is = strchr(argv[i], '=');

		if (*argv[i] == '+') {
			load(all, argv[i] + 1);
		} else if (*argv[i] == '-') {
			unload(all, argv[i] + 1);
		} else if (is) {
			usleep(PAUSE_US);
			run((deep_fn)dlsym(handle_of(all, is + 1), "deep"), atoi(argv[i]));
		}
	}
	return 0;
}
