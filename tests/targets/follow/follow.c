/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Processes that fork, exec, open libraries and end. Whatever allocates does so in
 * counted(), a known number of times.
 *
 *	follow work SECONDS N		waits, allocates N times
 *	follow fork K N			K children, each of which allocates N + its number times
 *	follow orphan SECONDS N		ends; its child goes on, says "done"
 *	follow prefork K N		the same, but each when told to, by a line on stdin
 *	follow exec N PROGRAM ARG...	allocates N times, then runs PROGRAM
 *	follow map N			N allocations that get pages of their own, and are kept
 *	follow open LIBRARY N		when told to, opens it and has it allocate N times
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noinline)) void counted(int n)
{
	for (int i = 0; i < n; i++) {
		void *volatile block = malloc(32);

		free(block);
	}
}

static void mapped(int n)
{
	for (int i = 0; i < n; i++)
		*(volatile char *)malloc(1 << 20) = 1;
}

static void ready(void)
{
	char go[16];

	puts("ready");
	fflush(stdout);
	if (!fgets(go, sizeof(go), stdin))
		exit(1);
}

static void fork_children(int k, int n)
{
	for (int i = 0; i < k; i++) {
		pid_t pid = fork();

		if (pid) {
			printf("%d\n", pid);
			continue;
		}
		counted(n + i);
		_exit(0);
	}
	fflush(stdout);
}

static int wait_for_children(void)
{
	while (wait(NULL) > 0)
		;
	return 0;
}

static int prefork(int k, int n)
{
	int gate[2];

	if (pipe(gate))
		return 1;
	for (int i = 0; i < k; i++) {
		char go;

		if (fork())
			continue;
		close(gate[1]);
		/* Opened for all at once: by its end. */
		if (read(gate[0], &go, 1) == 0)
			counted(n + i);
		_exit(0);
	}
	ready();
	close(gate[1]);
	return wait_for_children();
}

static int open_library(const char *path, int n)
{
	void (*work)(int);
	void *library;

	ready();
	library = dlopen(path, RTLD_NOW);
	if (!library)
		return 1;
	*(void **)&work = dlsym(library, "library_counted");
	puts("opened");
	ready();
	work(n);
	return 0;
}

static void work(const char *seconds, const char *n)
{
	usleep((useconds_t)(atof(seconds) * 1e6));
	counted(atoi(n));
}

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "work")) {
		work(argv[2], argv[3]);
	} else if (argc >= 4 && !strcmp(argv[1], "orphan")) {
		if (fork())
			return 0;
		work(argv[2], argv[3]);
		puts("done");
	} else if (argc >= 3 && !strcmp(argv[1], "map")) {
		mapped(atoi(argv[2]));
	} else if (argc >= 4 && !strcmp(argv[1], "fork")) {
		fork_children(atoi(argv[2]), atoi(argv[3]));
		return wait_for_children();
	} else if (argc >= 4 && !strcmp(argv[1], "prefork")) {
		return prefork(atoi(argv[2]), atoi(argv[3]));
	} else if (argc >= 4 && !strcmp(argv[1], "exec")) {
		counted(atoi(argv[2]));
		execv(argv[3], argv + 3);
		return 1;
	} else if (argc >= 4 && !strcmp(argv[1], "open")) {
		return open_library(argv[2], atoi(argv[3]));
	} else {
		return 2;
	}
	return 0;
}
