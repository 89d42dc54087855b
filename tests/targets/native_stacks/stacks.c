// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Allocates at the end of stacks of every kind, and says what the stack was:
 *
 *	stacks PLUGIN	for each line "way depth size" it is sent, allocates size bytes
 *			that deep and that way, and prints the return addresses that
 *			backtrace() finds there, leaf first. "load" loads PLUGIN.
 *
 * To be made without frame pointers. Every third level has one all the same: the size of
 * its frame is only known at run time.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks.h"

#define FRAMES_MAX 256

static size_t size;
static void (*at_end)(void);
static plugin_descend_fn *into_plugin;
static sigjmp_buf behind_fault;

__attribute__((noinline)) static void allocate(void)
{
	void *frames[FRAMES_MAX];
	/* What backtrace() has on its own account comes before what is to be counted. */
	int n = backtrace(frames, FRAMES_MAX);
	void *p = malloc(size);

	__asm__ volatile("" : "+r"(p) : : "memory");
	free(p);
	for (int i = 0; i < n; i++)
		printf("%lx ", (unsigned long)frames[i]);
	putchar('\n');
}

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	descend((*x > *y ? *x : *y) - 1);
	return *x - *y;
}

__attribute__((noinline)) static void descend_with_room(int depth)
{
	volatile char *room = alloca((size_t)depth * 8);

	room[0] = 0;
	descend(depth - 1);
	room[1] = room[0];
}

/* Every level but the last has something to do afterwards: none is a tail call. */
__attribute__((noinline)) void descend(int depth)
{
	volatile char frame[24];

	frame[0] = (char)depth;
	if (depth <= 0) {
		at_end();
	} else if (depth % 9 == 0) {
		int pair[2] = {depth, 0};

		qsort(pair, 2, sizeof(*pair), compare);
	} else if (depth % 3 == 0) {
		descend_with_room(depth);
	} else {
		descend(depth - 1);
	}
	frame[2] = frame[0];
}

static void on_signal(int signo)
{
	volatile int kept = signo;

	allocate();
	if (kept == SIGSEGV)
		siglongjmp(behind_fault, 1);
}

static void raise_signal(void)
{
	raise(SIGUSR1);
}

static void raise_on_other_stack(void)
{
	raise(SIGUSR2);
}

/* Interrupted in the middle of a function, not behind a call. */
static void fault(void)
{
	volatile char *volatile nowhere = NULL;

	if (!sigsetjmp(behind_fault, 1))
		*nowhere = 1;
}

static void *in_thread(void *depth)
{
	descend(*(int *)depth);
	return NULL;
}

static void handle(int signo, int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	sigaction(signo, &action, NULL);
}

static void load(const char *path)
{
	void *plugin = dlopen(path, RTLD_NOW);

	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	into_plugin = (plugin_descend_fn *)dlsym(plugin, "plugin_descend");
	puts("loaded");
}

static void go(const char *way, int depth)
{
	static const struct {
		const char *way;
		void (*at_end)(void);
	} ends[] = {{"signal", raise_signal}, {"altstack", raise_on_other_stack}, {"fault", fault}};

	at_end = allocate;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(way, ends[i].way))
			at_end = ends[i].at_end;
	if (!strcmp(way, "thread")) {
		pthread_t thread;

		pthread_create(&thread, NULL, in_thread, &depth);
		pthread_join(thread, NULL);
	} else if (!strcmp(way, "plugin")) {
		into_plugin(depth, descend);
	} else {
		descend(depth);
	}
}

int main(int argc, char **argv)
{
	static char other_stack[1 << 16];
	stack_t stack = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
	char line[64], way[16];
	int depth;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaltstack(&stack, NULL);
	handle(SIGUSR1, 0);
	handle(SIGUSR2, SA_ONSTACK);
	handle(SIGSEGV, 0);
	/* Its first call loads libgcc. */
	backtrace((void *[1]){NULL}, 1);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "load\n"))
			load(argv[1]);
		else if (sscanf(line, "%15s %d %zu", way, &depth, &size) == 3)
			go(way, depth);
	}
	return 0;
}
