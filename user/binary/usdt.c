// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * User-level statically defined tracepoints, as <sys/sdt.h> of SystemTap lays
 * them down. A program that says
 *
 *	DTRACE_PROBE1(python, gc__start, generation)
 *
 * gets one nop in its code, and a note that tells tracers about it. Nothing calls
 * anything: a tracer puts a breakpoint on the nop. This is what `readelf -n` shows
 * of Debian 12's python3.11:
 *
 *	Displaying notes found in: .note.stapsdt
 *	  Owner      Data size   Description
 *	  stapsdt    0x00000033  NT_STAPSDT (SystemTap probe descriptors)
 *	    Provider: python
 *	    Name: gc__start
 *	    Location: 0x4287f3,		address of the nop, when the note was linked
 *	    Base: 0x8cc5a0,		address of .stapsdt.base, then
 *	    Semaphore: 0xa8426e		address of a uint16_t in .probes, or 0
 *	    Arguments: -4@112(%rsp)	a signed 4-byte value, at rsp + 112
 *
 * and this is how the bytes of the note lie in the file:
 *
 *	u32 8, u32 desc size, u32 3	owner's length; NT_STAPSDT
 *	"stapsdt\0"
 *	u64 location, base, semaphore
 *	"python\0" "gc__start\0" "-4@112(%rsp)\0"
 *	zeros up to a multiple of 4
 *
 * Base. The section .note.stapsdt is not loaded, so tools that move a program's
 * addresses after linking (prelink) do not correct what it says. The section
 * .stapsdt.base is loaded, and moves along: by as much as it is not where the
 * notes say, location and semaphore have moved too.
 *
 * Semaphore. Where preparing the arguments costs something, the program looks at
 * a 16-bit counter first and does nothing while it is 0. A tracer has to raise it
 * in the memory of the process; the kernel does it for us, given its offset in
 * the file (ref_ctr_offset). All probes of CPython and Ruby have one, none of
 * HotSpot's has.
 *
 * Arguments are what the compiler made of an asm operand: AT&T syntax, after N@,
 * where N is the size, negative for signed types. Of what GCC and clang write
 * we read three forms: $5, %eax, and -20(%rbp) or (%rbp). Others exist: an index
 * register, "8@(%rax,%rbx,8)", a variable's name, "4@counter(%rip)", a vector
 * register, "8f@%xmm0". No probe in probe/gc_runtime.c was seen with one. Such an
 * argument is refused by itself: the probe and its other arguments stay usable.
 *
 * A probe may occur more than once under its name, where its function was
 * inlined; each place is a note of its own, with arguments of its own.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "binary/usdt.h"

#define NT_STAPSDT 3

struct usdt_notes usdt_begin(const struct elf_file *f)
{
	const struct elf_section *s = elf_file_section(f, ".note.stapsdt");
	struct usdt_notes n = {.base = elf_file_section(f, ".stapsdt.base")};

	n.notes = s ? elf_file_section_bytes(f, s) : cursor_make("", 0);
	return n;
}

static bool read_description(const struct usdt_notes *n, struct cursor desc, struct usdt_probe *p)
{
	uint64_t base, moved = 0;

	p->vaddr = cursor_u64(&desc);
	base = cursor_u64(&desc);
	p->semaphore = cursor_u64(&desc);
	p->provider = cursor_cstr(&desc);
	p->name = cursor_cstr(&desc);
	p->args = cursor_cstr(&desc);
	if (!cursor_ok(&desc))
		return false;
	if (base && n->base)
		moved = n->base->vaddr - base;
	p->vaddr += moved;
	if (p->semaphore)
		p->semaphore += moved;
	return true;
}

bool usdt_next(struct usdt_notes *n, struct usdt_probe *probe)
{
	while (cursor_left(&n->notes)) {
		uint32_t owner_len = cursor_u32(&n->notes);
		uint32_t desc_len = cursor_u32(&n->notes);
		uint32_t type = cursor_u32(&n->notes);
		const char *owner = cursor_bytes(&n->notes, ((size_t)owner_len + 3) & ~(size_t)3);
		const void *desc = cursor_bytes(&n->notes, desc_len);

		if (!owner || !desc) {
			n->skipped++; /* and with it all that would come after it */
			return false;
		}
		/* The last note may end without its padding. */
		if (cursor_left(&n->notes))
			cursor_skip(&n->notes, -desc_len & 3);
		if (type != NT_STAPSDT || owner_len != sizeof("stapsdt") ||
		    memcmp(owner, "stapsdt", sizeof("stapsdt")) != 0)
			continue;
		if (read_description(n, cursor_make(desc, desc_len), probe))
			return true;
		n->skipped++;
	}
	return false;
}

/* The four widths of a register; those of R8 to R15 are made, not listed. */
static const struct {
	char name[4];
	enum usdt_register reg;
	uint8_t size;
} registers[] = {
	{"rax", USDT_RAX, 8}, {"eax", USDT_RAX, 4}, {"ax", USDT_RAX, 2}, {"al", USDT_RAX, 1},
	{"rcx", USDT_RCX, 8}, {"ecx", USDT_RCX, 4}, {"cx", USDT_RCX, 2}, {"cl", USDT_RCX, 1},
	{"rdx", USDT_RDX, 8}, {"edx", USDT_RDX, 4}, {"dx", USDT_RDX, 2}, {"dl", USDT_RDX, 1},
	{"rbx", USDT_RBX, 8}, {"ebx", USDT_RBX, 4}, {"bx", USDT_RBX, 2}, {"bl", USDT_RBX, 1},
	{"rsp", USDT_RSP, 8}, {"esp", USDT_RSP, 4}, {"sp", USDT_RSP, 2}, {"spl", USDT_RSP, 1},
	{"rbp", USDT_RBP, 8}, {"ebp", USDT_RBP, 4}, {"bp", USDT_RBP, 2}, {"bpl", USDT_RBP, 1},
	{"rsi", USDT_RSI, 8}, {"esi", USDT_RSI, 4}, {"si", USDT_RSI, 2}, {"sil", USDT_RSI, 1},
	{"rdi", USDT_RDI, 8}, {"edi", USDT_RDI, 4}, {"di", USDT_RDI, 2}, {"dil", USDT_RDI, 1},
};

/* "r8" to "r15", with "d", "w" or "b" behind for the narrower views. */
static bool parse_numbered_register(const char *name, size_t len, enum usdt_register *reg,
				    uint8_t *size)
{
	unsigned int number = 0;
	size_t at = 1;

	if (len < 2 || name[0] != 'r')
		return false;
	for (; at < len && at < 3 && name[at] >= '0' && name[at] <= '9'; at++)
		number = number * 10 + (unsigned int)(name[at] - '0');
	if (number < 8 || number > 15 || name[1] == '0' || len - at > 1)
		return false;
	*reg = (enum usdt_register)number;
	if (at == len)
		*size = 8;
	else if (name[at] == 'd')
		*size = 4;
	else if (name[at] == 'w')
		*size = 2;
	else if (name[at] == 'b')
		*size = 1;
	else
		return false;
	return true;
}

static bool parse_register(const char *name, size_t len, enum usdt_register *reg, uint8_t *size)
{
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		if (strlen(registers[i].name) != len || memcmp(registers[i].name, name, len) != 0)
			continue;
		*reg = registers[i].reg;
		*size = registers[i].size;
		return true;
	}
	return parse_numbered_register(name, len, reg, size);
}

/* All of [text, end) as a number, as a compiler writes one. */
static bool parse_number(const char *text, const char *end, int64_t *value)
{
	char *stop;

	if (text == end || !strchr("-0123456789", *text))
		return false;
	errno = 0;
	*value = strtoll(text, &stop, 0);
	return !errno && stop == end;
}

static void refuse(struct usdt_arg *arg, const char *why)
{
	arg->kind = USDT_ARG_REFUSED;
	arg->refusal = why;
}

static void parse_memory(struct usdt_arg *arg, const char *text, const char *open, const char *end)
{
	uint8_t width;

	arg->kind = USDT_ARG_MEMORY;
	if (end[-1] != ')' || open + 1 == end || open[1] != '%')
		refuse(arg, "no base register");
	else if (memchr(open, ',', (size_t)(end - open)))
		refuse(arg, "an index register");
	else if (end - open == 6 && !memcmp(open, "(%rip)", 6))
		refuse(arg, "relative to the instruction");
	else if (!parse_register(open + 2, (size_t)(end - open) - 3, &arg->reg, &width))
		refuse(arg, "a register we do not know");
	else if (width != 8)
		refuse(arg, "a base register that is not whole");
	else if (text != open && !parse_number(text, open, &arg->value))
		refuse(arg, "a displacement that is no number");
}

/* What is behind the '@': [text, end), not empty. */
static void parse_operand(struct usdt_arg *arg, const char *text, const char *end)
{
	const char *open = memchr(text, '(', (size_t)(end - text));
	uint8_t width;

	if (*text == '$') {
		arg->kind = USDT_ARG_CONSTANT;
		if (!parse_number(text + 1, end, &arg->value))
			refuse(arg, "a constant that is no number");
	} else if (open) {
		parse_memory(arg, text, open, end);
	} else if (*text != '%') {
		refuse(arg, "neither register, memory nor constant");
	} else {
		arg->kind = USDT_ARG_REGISTER;
		if (!parse_register(text + 1, (size_t)(end - text) - 1, &arg->reg, &width))
			refuse(arg, "a register we do not know");
		else if (width < arg->size)
			refuse(arg, "a register narrower than the value");
	}
}

static void parse_arg(struct usdt_arg *arg, const char *text, const char *end)
{
	const char *at = memchr(text, '@', (size_t)(end - text));
	int64_t size;

	*arg = (struct usdt_arg){.kind = USDT_ARG_REFUSED};
	if (!at || !parse_number(text, at, &size)) {
		refuse(arg, "no size of an integer before @");
		return;
	}
	arg->is_signed = size < 0;
	size = size < -8 ? 0 : size < 0 ? -size : size;
	if (size == 1 || size == 2 || size == 4 || size == 8)
		arg->size = (uint8_t)size;
	if (!arg->size)
		refuse(arg, "a size other than 1, 2, 4 or 8");
	else if (at + 1 == end)
		refuse(arg, "nothing behind @");
	else
		parse_operand(arg, at + 1, end);
}

size_t usdt_args_parse(const char *text, struct usdt_arg args[USDT_ARGS_MAX])
{
	size_t n = 0;

	for (text += strspn(text, " "); *text && n < USDT_ARGS_MAX; text += strspn(text, " ")) {
		const char *end = text + strcspn(text, " ");

		parse_arg(&args[n++], text, end);
		text = end;
	}
	return n;
}
