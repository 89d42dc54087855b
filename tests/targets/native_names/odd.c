// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
// Allocates where names are hard to find: odd jit | jit-untold | signal
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define TIMES 101

static void *volatile kept;

__attribute__((noinline)) void allocate(void)
{
	kept = malloc(977);
}

static const unsigned char thunk[] = {
	0x55,             /* push %rbp */
	0x48, 0x89, 0xe5, /* mov %rsp, %rbp */
	0xff, 0xd7,       /* call *%rdi */
	0x5d,             /* pop %rbp */
	0xc3,             /* ret */
};

static void tell(const void *code)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	f = fopen(path, "w");
	if (!f)
		exit(1);
	fprintf(f, "%lx %zx compiled::thunk\n", (unsigned long)code, sizeof(thunk));
	fclose(f);
}

static void run_compiled(int told)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (code == MAP_FAILED)
		exit(1);
	memcpy(code, thunk, sizeof(thunk));
	if (told)
		tell(code);
	for (int i = 0; i < TIMES; i++)
		((void (*)(void (*)(void)))code)(allocate);
	/* What is mapped can be seen while the process lives. */
	sleep(2);
}

/* Its first instruction is the one that is interrupted: a byte earlier is another function. */
__asm__(".text\n.globl interrupted\n.type interrupted, @function\n"
	"interrupted:\n\t.cfi_startproc\n\tud2\n\tret\n\t.cfi_endproc\n"
	".size interrupted, . - interrupted\n");
void interrupted(void);

static void handler(int number, siginfo_t *info, void *context)
{
	ucontext_t *c = context;

	(void)number;
	(void)info;
	allocate();
	c->uc_mcontext.gregs[REG_RIP] += 2;
}

static void run_signal(void)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

	sigaction(SIGILL, &action, NULL);
	for (int i = 0; i < TIMES; i++)
		interrupted();
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!strncmp(argv[1], "jit", 3))
		run_compiled(!strcmp(argv[1], "jit"));
	else
		run_signal();
	return 0;
}
