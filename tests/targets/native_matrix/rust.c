/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Entry points as a Rust program has them whose #[global_allocator] counts before it does
 * anything. They jump on to an allocator's own, through the table of addresses that the
 * loader fills; with -DALONE there is none, and they do the work.
 *
 *	rust N		allocates N blocks of 48 bytes, and frees all but one
 */
#include <stddef.h>
#include <stdlib.h>

void *__rust_alloc(size_t size, size_t align);
void __rust_dealloc(void *p, size_t size, size_t align);
void *mi_malloc_aligned(size_t size, size_t align);
void mi_free(void *p);

static char arena[1 << 20];
static size_t used;
unsigned long calls;

__attribute__((noinline)) void *mi_malloc_aligned(size_t size, size_t align)
{
	size_t at = (used + align - 1) & ~(align - 1);

	used = at + size;
	return used <= sizeof(arena) ? arena + at : NULL;
}

__attribute__((noinline)) void mi_free(void *p)
{
	/* Given out again where it was the last. */
	if (p)
		used = (size_t)((char *)p - arena);
}

#ifdef ALONE
#define GO_ON(name) "jmp work_" #name
__asm__(".globl work_mi_malloc_aligned\n"
	"work_mi_malloc_aligned:\n"
	"lea arena(%rip),%rax\n"
	"add used(%rip),%rax\n"
	"add %rdi,used(%rip)\n"
	"ret\n"
	"work_mi_free: ret\n");
#else
#define GO_ON(name) "jmp *" #name "@GOTPCREL(%rip)"
#endif

__asm__(".text\n"
	".globl __rust_alloc, __rust_dealloc\n"
	".type __rust_alloc, @function\n"
	".type __rust_dealloc, @function\n"
	"__rust_alloc:\n"
	".cfi_startproc\n"
	"lock incq calls(%rip)\n" GO_ON(
		mi_malloc_aligned) "\n"
				   ".cfi_endproc\n"
				   ".size __rust_alloc, . - __rust_alloc\n"
				   "__rust_dealloc:\n"
				   ".cfi_startproc\n"
				   "lock incq calls(%rip)\n" GO_ON(
					   mi_free) "\n"
						    ".cfi_endproc\n"
						    ".size __rust_dealloc, . - __rust_dealloc\n");

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	for (int i = 0; i < n; i++) {
		void *p = __rust_alloc(48, 16);

		if (!p)
			return 1;
		if (i)
			__rust_dealloc(p, 48, 16);
	}
	return calls == 2ul * (unsigned int)n - 1 ? 0 : 1;
}
