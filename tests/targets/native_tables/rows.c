// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A library with a large unwind table: 4,000 rows for each of FUNCTIONS, never called. */
#include <stddef.h>

#define TEXT2(x) #x
#define TEXT(x)  TEXT2(x)

void *deep(int depth, void *(*allocate)(size_t), size_t size);

/* By hand: .cfi directives of as many rows take the assembler half a minute. */
__asm__(".section .eh_frame, \"a\", @progbits\n"
	".balign 8\n"
	"cie: .long 2f - 1f\n"
	"1: .long 0\n"
	".byte 1\n"
	".string \"zR\"\n"
	".byte 1, 0x78, 16, 1, 0x1b\n"
	".byte 0x0c, 7, 8, 0x90, 1\n" /* the CFA is rsp+8, the return address is below it */
	".balign 8\n"
	"2:\n"
	".rept " TEXT(
		FUNCTIONS) "\n"
			   ".pushsection .text\n"
			   "3: .skip 4000, 0x90\n"
			   ".popsection\n"
			   ".long 5f - 4f\n"
			   "4: .long . - cie\n"
			   ".long 3b - .\n"
			   ".long 4000\n"
			   ".byte 0\n"
			   ".rept 2000\n"
			   ".byte 0x0e, 16, 0x41, 0x0e, 8, 0x41\n" /* another CFA at each byte */
			   ".endr\n"
			   ".balign 8\n"
			   "5:\n"
			   ".endr\n"
			   ".text\n");

/* What is behind the call keeps it from being a jump. */
__attribute__((noinline)) void *deep(int depth, void *(*allocate)(size_t), size_t size)
{
	volatile char pad[48];
	void *p;

	pad[0] = (char)depth;
	p = depth ? deep(depth - 1, allocate, size) : allocate(size);
	pad[1] = pad[0];
	return p;
}
