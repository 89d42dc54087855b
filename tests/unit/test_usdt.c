// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Against notes that tests/fuzz/make_usdt_seeds.py writes, good and hostile, and
 * against this very program: the compiler lays down its probes, and a breakpoint
 * on each proves that its arguments are where the parser says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "binary/usdt.h"
#include "elf_seeds.h"

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#define TEXT 0x411000 /* of plain() in make_seeds.py */

static void reads_notes(void **state)
{
	struct opened o = open_seed("usdt", "two");
	struct usdt_notes notes = usdt_begin(o.file);
	uint64_t semaphores = elf_file_section(o.file, ".probes")->vaddr;
	struct usdt_probe p;

	(void)state;
	assert_true(usdt_next(&notes, &p));
	assert_string_equal(p.provider, "python");
	assert_string_equal(p.name, "gc__start");
	assert_string_equal(p.args, "-4@112(%rsp)");
	assert_int_equal(p.vaddr, TEXT + 0x28);
	assert_int_equal(p.semaphore, semaphores);
	assert_true(usdt_next(&notes, &p));
	assert_string_equal(p.name, "gc__done");
	assert_string_equal(p.args, "-8@%r12");
	assert_int_equal(p.vaddr, TEXT + 0x30);
	assert_int_equal(p.semaphore, semaphores + 2);
	assert_false(usdt_next(&notes, &p));
	assert_int_equal(notes.skipped, 0);
	close_seed(&o);
}

static void follows_a_moved_file(void **state)
{
	struct opened o = open_seed("usdt", "moved");
	struct usdt_notes notes = usdt_begin(o.file);
	struct usdt_probe p;

	(void)state;
	assert_true(usdt_next(&notes, &p));
	assert_int_equal(p.vaddr, TEXT + 0x28);
	assert_int_equal(p.semaphore, elf_file_section(o.file, ".probes")->vaddr);
	assert_true(usdt_next(&notes, &p));
	assert_int_equal(p.vaddr, TEXT + 0x30);
	assert_int_equal(p.semaphore, 0);
	close_seed(&o);
}

struct expected {
	const char *seed;
	size_t probes, skipped;
};

static void survives_damage(void **state)
{
	static const struct expected all[] = {
		{"no-notes", 0, 0},        {"empty-notes", 0, 0}, {"other-owners", 1, 0},
		{"unpadded-end", 1, 0},    {"nobits", 0, 0},      {"lying-lengths", 1, 1},
		{"damaged-strings", 1, 4}, {"lying-desc", 1, 1},  {"truncated-note", 0, 1},
		{"outside", 1, 0},         {"no-base", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct opened o = open_seed("usdt", all[i].seed);
		struct usdt_notes notes = usdt_begin(o.file);
		struct usdt_probe p;
		size_t n = 0;

		while (usdt_next(&notes, &p))
			n++;
		if (n != all[i].probes || notes.skipped != all[i].skipped)
			fail_msg("%s: %zu probes and %zu skipped, not %zu and %zu", all[i].seed, n,
				 notes.skipped, all[i].probes, all[i].skipped);
		close_seed(&o);
	}
}

static size_t parse_seed(const char *name, struct usdt_arg args[USDT_ARGS_MAX])
{
	struct seed s = seed_load("usdt", name);
	char *text = strndup(s.data, s.len);
	size_t n = usdt_args_parse(text, args);

	free(text);
	free(s.data);
	return n;
}

static void reads_arguments(void **state)
{
	static const struct usdt_arg good[] = {
		{.kind = USDT_ARG_REGISTER, .size = 4, .is_signed = true, .reg = USDT_RAX},
		{.kind = USDT_ARG_MEMORY, .size = 8, .reg = USDT_RSP, .value = 8},
		{.kind = USDT_ARG_CONSTANT, .size = 4, .is_signed = true, .value = 5},
		{.kind = USDT_ARG_REGISTER, .size = 8, .reg = USDT_RDI},
		{.kind = USDT_ARG_MEMORY,
		 .size = 4,
		 .is_signed = true,
		 .reg = USDT_RBP,
		 .value = -20},
		{.kind = USDT_ARG_REGISTER, .size = 1, .reg = USDT_RDI},
		{.kind = USDT_ARG_REGISTER, .size = 2, .reg = USDT_R8 + 1},
		{.kind = USDT_ARG_MEMORY, .size = 8, .reg = USDT_R8 + 7},
		{.kind = USDT_ARG_CONSTANT, .size = 8, .is_signed = true, .value = INT64_MIN},
		{.kind = USDT_ARG_REGISTER, .size = 4, .reg = USDT_R8 + 2},
		{.kind = USDT_ARG_REGISTER, .size = 1, .reg = USDT_R8 + 5},
		{.kind = USDT_ARG_CONSTANT, .size = 1, .is_signed = true, .value = -1},
	};
	struct usdt_arg args[USDT_ARGS_MAX];

	(void)state;
	assert_int_equal(parse_seed("args-good", args), ARRAY_SIZE(good));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (args[i].kind != good[i].kind || args[i].size != good[i].size ||
		    args[i].is_signed != good[i].is_signed || args[i].reg != good[i].reg ||
		    args[i].value != good[i].value || args[i].refusal)
			fail_msg("argument %zu was misread: %s", i,
				 args[i].refusal ? args[i].refusal : "");
	}
	assert_int_equal(parse_seed("args-many", args), USDT_ARGS_MAX);
	assert_int_equal(args[USDT_ARGS_MAX - 1].value, USDT_ARGS_MAX - 1);
	assert_int_equal(parse_seed("args-spaces", args), 2);
	assert_int_equal(parse_seed("args-empty", args), 0);
}

static void refuses_arguments_it_cannot_read(void **state)
{
	static const char *const why[] = {
		"an index register",
		"relative to the instruction",
		"relative to the instruction",
		"no size of an integer before @",
		"a register we do not know",
		"no size of an integer before @",
		"a size other than 1, 2, 4 or 8",
		"nothing behind @",
		"a register we do not know",
		"a register narrower than the value",
		"a base register that is not whole",
		"a constant that is no number",
	};
	struct usdt_arg args[USDT_ARGS_MAX];
	size_t n;

	(void)state;
	assert_int_equal(parse_seed("args-refused", args), ARRAY_SIZE(why));
	for (size_t i = 0; i < ARRAY_SIZE(why); i++) {
		assert_int_equal(args[i].kind, USDT_ARG_REFUSED);
		assert_string_equal(args[i].refusal, why[i]);
	}

	n = parse_seed("args-hostile", args);
	assert_int_equal(n, 12);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(args[i].kind, USDT_ARG_REFUSED);

	n = parse_seed("args-numbers", args);
	assert_int_equal(n, 7);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(args[i].kind, i == 3 ? USDT_ARG_CONSTANT : USDT_ARG_REFUSED);
	assert_int_equal(args[3].value, 16);
}

/* --- this program --------------------------------------------------------------- */

unsigned short alloctap_test_mixed_semaphore __attribute__((section(".probes")));
unsigned short alloctap_test_many_semaphore __attribute__((section(".probes")));

#define N_MIXED 5
#define N_MANY  12

static __attribute__((noinline)) void fire_mixed(int a, unsigned char b, int64_t c, const char *d)
{
	DTRACE_PROBE5(alloctap_test, mixed, a, b, c, d, -7);
}

/* More arguments than registers: some are read from the stack. */
static __attribute__((noinline)) void fire_many(const volatile int16_t *v)
{
	DTRACE_PROBE12(alloctap_test, many, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8],
		       v[9], v[10], v[11]);
}

static struct {
	struct usdt_arg args[USDT_ARGS_MAX];
	size_t n;
	int64_t values[USDT_ARGS_MAX];
	unsigned int hits;
} trap;

static int64_t register_value(const ucontext_t *u, enum usdt_register reg)
{
	static const int of_reg[USDT_REGISTER_MAX] = {
		REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
		REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};

	return u->uc_mcontext.gregs[of_reg[reg]];
}

static int64_t argument_value(const ucontext_t *u, const struct usdt_arg *a)
{
	unsigned int unused = 64 - 8 * (unsigned int)a->size;
	uint64_t value = 0;

	if (a->kind == USDT_ARG_CONSTANT)
		return a->value;
	if (a->kind == USDT_ARG_REGISTER)
		value = (uint64_t)register_value(u, a->reg);
	else
		memcpy(&value, (const void *)(register_value(u, a->reg) + a->value), a->size);
	value <<= unused;
	return a->is_signed ? (int64_t)value >> unused : (int64_t)(value >> unused);
}

static void on_trap(int signal_number, siginfo_t *info, void *context)
{
	(void)signal_number;
	(void)info;
	trap.hits++;
	for (size_t i = 0; i < trap.n; i++)
		trap.values[i] = argument_value(context, &trap.args[i]);
}

static int first_object(struct dl_phdr_info *info, size_t size, void *bias)
{
	(void)size;
	*(uint64_t *)bias = info->dlpi_addr;
	return 1;
}

static void set_byte(uint64_t address, uint8_t before, uint8_t after)
{
	uint8_t *page = (uint8_t *)(address & ~4095ull);

	assert_int_equal(*(uint8_t *)address, before);
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	*(uint8_t *)address = after;
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
}

static struct elf_file *open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_file *f = elf_file_open_fd(fd, "self");

	assert_non_null(f);
	close(fd);
	return f;
}

static struct usdt_probe find_probe(const struct elf_file *f, const char *name)
{
	struct usdt_notes notes = usdt_begin(f);
	struct usdt_probe p;

	while (usdt_next(&notes, &p)) {
		if (!strcmp(p.provider, "alloctap_test") && !strcmp(p.name, name))
			return p;
	}
	fail_msg("no probe %s", name);
	return p;
}

/* Fires a probe of our own with a breakpoint on it; its arguments are in trap.values. */
static void trap_on(const char *name, size_t n_args, unsigned short *semaphore, void (*fire)(void))
{
	struct elf_file *f = open_self();
	struct usdt_probe p = find_probe(f, name);
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, before;
	uint64_t bias = 0, offset;

	dl_iterate_phdr(first_object, &bias);
	assert_int_equal(bias + p.semaphore, (uintptr_t)semaphore);
	assert_int_equal(elf_file_vaddr_to_offset(f, p.semaphore, &offset), 0);
	trap.hits = 0;
	trap.n = usdt_args_parse(p.args, trap.args);
	assert_int_equal(trap.n, n_args);
	for (size_t i = 0; i < trap.n; i++) {
		if (trap.args[i].kind == USDT_ARG_REFUSED)
			fail_msg("%s: argument %zu: %s", p.args, i, trap.args[i].refusal);
	}
	sigaction(SIGTRAP, &action, &before);
	set_byte(bias + p.vaddr, 0x90, 0xcc);
	fire();
	set_byte(bias + p.vaddr, 0xcc, 0x90);
	sigaction(SIGTRAP, &before, NULL);
	assert_int_equal(trap.hits, 1);
	elf_file_free(f);
}

static const char text[] = "text";

static void fire_mixed_with_values(void)
{
	fire_mixed(-123456, 200, INT64_MIN + 5, text);
}

static const volatile int16_t twelve[N_MANY] = {1, -2, 3, -4, 5, -6, 7, -8, 9, -10, 11, -32768};

static void fire_many_with_values(void)
{
	fire_many(twelve);
}

static void finds_values_where_the_compiler_put_them(void **state)
{
	(void)state;
	trap_on("mixed", N_MIXED, &alloctap_test_mixed_semaphore, fire_mixed_with_values);
	assert_int_equal(trap.values[0], -123456);
	assert_int_equal(trap.values[1], 200);
	assert_true(trap.values[2] == INT64_MIN + 5);
	assert_ptr_equal((const char *)trap.values[3], text);
	assert_int_equal(trap.values[4], -7);

	trap_on("many", N_MANY, &alloctap_test_many_semaphore, fire_many_with_values);
	for (int i = 0; i < N_MANY; i++)
		assert_int_equal(trap.values[i], twelve[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_notes),
		cmocka_unit_test(follows_a_moved_file),
		cmocka_unit_test(survives_damage),
		cmocka_unit_test(reads_arguments),
		cmocka_unit_test(refuses_arguments_it_cannot_read),
		cmocka_unit_test(finds_values_where_the_compiler_put_them),
	};

	return cmocka_run_group_tests_name("usdt", tests, NULL, NULL);
}
