// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * runtime.asmcgocall() runs a C function on the thread's own stack (g0's): it saves
 * there which goroutine it came from and how deep that one's stack was.
 * crosscall2() is what C calls to get into Go; runtime.cgocallback(), which it
 * calls, goes on with the goroutine's stack, where a frame of its own pretends to
 * have been called by what is really below asmcgocall(). What that left on the
 * thread's stack is found by g0.sched.sp (see bpf/unwind_step.h).
 *
 * How large their frames are is read from their code, the same kind of code in Go
 * 1.18 to 1.27 (runtime/asm_amd64.s, runtime/cgo/asm_amd64.s and abi_amd64.h).
 */
#include <string.h>

#include "binary/go_unwind.h"

#define PUSH_RBP 0x55
/* crosscall2: six registers, three arguments, the return address. */
#define CROSSCALL2_FRAME (6 * 8 + 3 * 8 + 8)

struct adding {
	struct unwind_builder *builder;
	const struct elf_file *file;
	struct unwind_rule (*rule_of)(const uint8_t *code, size_t len);
	int err;
};

/* "mov %rdi, n(%rsp)": the goroutine is saved. */
static struct unwind_rule rule_of_asmcgocall(const uint8_t *code, size_t len)
{
	static const uint8_t save[] = {0x48, 0x89, 0x7c, 0x24};
	const uint8_t *p = memmem(code, len, save, sizeof(save));

	if (!p || p + sizeof(save) >= code + len)
		return (struct unwind_rule){.cfa = UNWIND_CFA_NONE};
	return (struct unwind_rule){
		.cfa = UNWIND_CFA_GO_SWITCH,
		.go_frame = code[0] == PUSH_RBP ? 8 : 0,
		.go_saved = p[sizeof(save)],
	};
}

static struct unwind_rule rule_of_cgocallback(const uint8_t *code, size_t len)
{
	(void)code;
	(void)len;
	return (struct unwind_rule){.cfa = UNWIND_CFA_GO_CALLBACK};
}

/* Its registers are saved the way of C, but one frame record lies in the other. */
static struct unwind_rule rule_of_crosscall2(const uint8_t *code, size_t len)
{
	(void)len;
	return (struct unwind_rule){
		.cfa = UNWIND_CFA_RSP,
		.cfa_off = CROSSCALL2_FRAME + (code[0] == PUSH_RBP ? 8 : 0),
		.fp = UNWIND_FP_AT_CFA,
		.fp_off = -16,
	};
}

static void add_function(const struct go_func *func, void *ctx)
{
	struct adding *a = ctx;
	struct cursor c = elf_file_vaddr_bytes(a->file, func->entry);
	size_t len = func->end - func->entry;
	const uint8_t *code = func->end > func->entry ? cursor_bytes(&c, len) : NULL;

	if (!code || a->err)
		return;
	a->err = unwind_builder_range(a->builder, func->entry, func->end);
	if (!a->err)
		a->err = unwind_builder_row(a->builder, func->entry, a->rule_of(code, len));
}

bool go_unwind_wanted(const struct elf_file *f)
{
	return elf_file_section(f, ".go.buildinfo") || elf_file_section(f, ".note.go.buildid") ||
	       elf_file_section(f, ".gopclntab");
}

int go_unwind_add(struct unwind_builder *b, const struct elf_file *f, const struct go_binary *go)
{
	static const struct {
		const char *name;
		struct unwind_rule (*rule_of)(const uint8_t *code, size_t len);
	} functions[] = {
		{"runtime.asmcgocall", rule_of_asmcgocall},
		{"runtime.cgocallback", rule_of_cgocallback},
		{"crosscall2", rule_of_crosscall2},
	};
	struct adding adding = {.builder = b, .file = f};

	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions) && !adding.err; i++) {
		adding.rule_of = functions[i].rule_of;
		go_binary_find_funcs(go, functions[i].name, add_function, &adding);
	}
	return adding.err;
}
