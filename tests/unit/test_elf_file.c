// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "binary/elf_symbols.h"
#include "binary/mini_debug.h"
#include "elf_seeds.h"

/* The addresses that plain() in make_seeds.py lays its pieces at. */
#define TEXT                0x411000
#define FILE_OFFSET_OF_TEXT 0x800

static void describes_a_file(void **state)
{
	struct opened o = open_seed("elf", "exec");
	const struct elf_file *f = o.file;

	(void)state;
	assert_string_equal(elf_file_name(f), "exec");
	assert_false(elf_file_is_pie(f));
	assert_int_equal(elf_file_machine(f), EM_X86_64);
	assert_int_equal(elf_file_entry(f), TEXT);
	assert_int_equal(elf_file_n_segments(f), 3);
	assert_int_equal(elf_file_segment(f, 1)->vaddr, TEXT);
	assert_int_equal(elf_file_segment(f, 1)->flags, PF_R | PF_X);
	assert_int_equal(elf_file_segment(f, 2)->memsz - elf_file_segment(f, 2)->filesz, 0x100);
	assert_null(elf_file_segment(f, 3));
	close_seed(&o);

	o = open_seed("elf", "dyn-arm64");
	assert_true(elf_file_is_pie(o.file));
	assert_int_equal(elf_file_machine(o.file), EM_AARCH64);
	close_seed(&o);
}

static void translates_addresses(void **state)
{
	struct opened o = open_seed("elf", "exec");
	const struct elf_segment *data = elf_file_segment(o.file, 2);
	struct cursor c = elf_file_vaddr_bytes(o.file, TEXT + 0x1fe);
	uint64_t at = 0;

	(void)state;
	assert_int_equal(elf_file_vaddr_to_offset(o.file, TEXT + 5, &at), 0);
	assert_int_equal(at, FILE_OFFSET_OF_TEXT + 5);
	assert_int_equal(elf_file_offset_to_vaddr(o.file, FILE_OFFSET_OF_TEXT + 5, &at), 0);
	assert_int_equal(at, TEXT + 5);
	assert_int_equal(elf_file_vaddr_to_offset(o.file, 0x1000, &at), -ENOENT);
	assert_int_equal(elf_file_offset_to_vaddr(o.file, 1 << 30, &at), -ENOENT);

	assert_int_equal(cursor_u8(&c), 0x90); /* the last bytes of .text, then .fini */
	assert_int_equal(cursor_u8(&c), 0x90);
	assert_int_equal(cursor_u8(&c), 0xc3);
	assert_int_equal(cursor_left(&c), 0xf);
	c = elf_file_vaddr_bytes(o.file, TEXT + 0x210);
	assert_false(cursor_ok(&c));

	/* .bss is in memory, not in the file. */
	assert_int_equal(elf_file_vaddr_to_offset(o.file, data->vaddr + data->filesz - 1, &at), 0);
	assert_int_equal(elf_file_vaddr_to_offset(o.file, data->vaddr + data->filesz, &at),
			 -ENOENT);
	close_seed(&o);
}

static void finds_sections(void **state)
{
	struct opened o = open_seed("elf", "exec");
	const struct elf_section *s = elf_file_section(o.file, ".text");
	struct cursor c;

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->vaddr, TEXT);
	assert_int_equal(s->offset, FILE_OFFSET_OF_TEXT);
	assert_int_equal(s->size, 0x200);
	c = elf_file_section_bytes(o.file, elf_file_section(o.file, ".data"));
	assert_int_equal(cursor_left(&c), 32);
	assert_memory_equal(cursor_bytes(&c, 4), "data", 4);
	c = elf_file_section_bytes(o.file, elf_file_section(o.file, ".bss"));
	assert_false(cursor_ok(&c));
	assert_null(elf_file_section(o.file, ".tex"));
	assert_null(elf_file_section_at(o.file, elf_file_n_sections(o.file)));
	close_seed(&o);

	/* None, or none that can be read: the rest of the file is still good. */
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"no-sections", "bad-shoff", "lying-count"};

		o = open_seed("elf", names[i]);
		assert_int_equal(elf_file_n_sections(o.file), 0);
		assert_null(elf_file_section(o.file, ".text"));
		assert_int_equal(elf_file_n_segments(o.file), 3);
		close_seed(&o);
	}

	o = open_seed("elf", "large-counts");
	assert_non_null(elf_file_section(o.file, ".text"));
	close_seed(&o);

	o = open_seed("elf", "bad-shstrndx"); /* sections without names */
	assert_true(elf_file_n_sections(o.file) > 0);
	assert_null(elf_file_section(o.file, ".text"));
	close_seed(&o);

	o = open_seed("elf", "section-outside");
	c = elf_file_section_bytes(o.file, elf_file_section_at(o.file, 2));
	assert_false(cursor_ok(&c));
	close_seed(&o);
}

static void reads_build_ids(void **state)
{
	static const struct {
		const char *seed, *id;
	} cases[] = {
		{"exec", "000102030405060708090a0b0c0d0e0f10111213"},
		{"no-sections", "000102030405060708090a0b0c0d0e0f10111213"},
		{"go-build-id", "6162632f646566"},
		{"both-build-ids", "c0ffee"},
		{"no-build-id", ""},
		{"bad-note-length", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct opened o = open_seed("elf", cases[i].seed);

		assert_string_equal(elf_file_build_id(o.file), cases[i].id);
		close_seed(&o);
	}
}

static void refuses(void **state)
{
	static const struct {
		const char *seed;
		int err;
	} cases[] = {
		{"refuse-32-bit", ENOTSUP},  {"refuse-big-endian", ENOTSUP},
		{"refuse-riscv", ENOTSUP},   {"damaged-phoff", EBADMSG},
		{"damaged-phnum", EBADMSG},  {"damaged-vaddr", EBADMSG},
		{"damaged-filesz", EBADMSG}, {"damaged-many-segments", EBADMSG},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seed s = seed_load("elf", cases[i].seed);

		errno = 0;
		assert_null(elf_file_open_mem(s.data, s.len, s.name));
		if (errno != cases[i].err)
			fail_msg("%s: errno %d", s.name, errno);
		free(s.data);
	}
	assert_null(elf_file_open_mem("", 0, "empty"));
	assert_int_equal(errno, ENOEXEC);
	assert_null(elf_file_open_mem("#!/bin/sh\nexit 0\n", 17, "script"));
	assert_int_equal(errno, ENOEXEC);
	assert_string_equal(elf_file_error(-ENOEXEC), elf_file_error(ENOEXEC));
	assert_string_equal(elf_file_error(EACCES), "Permission denied");
}

/* What the file has lost is absent, what it has is there. */
static void reads_truncated_files(void **state)
{
	struct opened o = open_seed("elf", "truncated-file");
	struct cursor c = elf_file_vaddr_bytes(o.file, TEXT);

	(void)state;
	assert_int_equal(cursor_left(&c), 0x10);
	c = elf_file_vaddr_bytes(o.file, TEXT + 0x10);
	assert_false(cursor_ok(&c));
	assert_int_equal(elf_file_segment(o.file, 2)->filesz, 0);
	close_seed(&o);
}

/* Of a stripped file with .gnu_debugdata that has a copy of it with .symtab. */
static void reads_packed_symbols(void **state)
{
	static const struct {
		const char *seed;
		bool readable;
	} cases[] = {
		{"mini-debug", true},
		{"mini-debug-cut", false},
		{"mini-debug-endless", false},
		{"mini-debug-in-itself", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct opened o = open_seed("elf", cases[i].seed);
		struct elf_symbols *s = elf_symbols_new(o.file);
		const struct elf_symbol *outer = elf_symbols_find(s, "outer");

		/* Two are exported. */
		if (elf_symbols_count(s) != (cases[i].readable ? 9 : 2))
			fail_msg("%s: %zu symbols", cases[i].seed, elf_symbols_count(s));
		assert_int_equal(elf_symbols_are_stripped(o.file), !cases[i].readable);
		assert_int_equal(!outer, !cases[i].readable);
		if (outer)
			assert_int_equal(outer->vaddr, TEXT + 0xa0);
		assert_non_null(elf_symbols_find(s, "malloc"));
		elf_symbols_free(s);
		close_seed(&o);
	}
}

static void unpacks(void **state)
{
	static const char magic[] = {'\xfd', '7', 'z', 'X', 'Z', 0};
	uint8_t *out = NULL;
	size_t len = 0;

	(void)state;
	assert_int_equal(mini_debug_unpack("", 0, &out, &len), -EBADMSG);
	assert_int_equal(mini_debug_unpack(magic, sizeof(magic), &out, &len), -EBADMSG);
	assert_int_equal(mini_debug_unpack("plain", 5, &out, &len), -EBADMSG);
	assert_int_equal(mini_debug_unpack("", MINI_DEBUG_MAX + 1, &out, &len), -EFBIG);
	assert_null(out);
}

static void names_functions(void **state)
{
	static const struct {
		unsigned int offset;
		const char *name;
	} cases
		[] =
			{
				{0x00, "main"},     {0x3f, "main"},
				{0x40, "malloc"}, /* not __libc_malloc (longer), not m (local) */
				{0x7f, "malloc"},   {0x80, "assembly"},
				{0x9f, "assembly"}, /* sizeless: as far as the next */
				{0xa0, "outer"},    {0xc0, "nested"},
				{0xd0, "outer"},                   /* behind the nested one */
				{0xff, "outer"},    {0x100, NULL}, /* between symbols */
				{0x13f, NULL},      {0x140, "memcpy"},
				{0x150, "memcpy"},  {0x1e0, "last"},
				{0x1ff, "last"},    {0x210, NULL},
			};
	struct opened o = open_seed("elf", "exec");
	struct elf_symbols *s = elf_symbols_new(o.file);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct elf_symbol *symbol = elf_symbols_at(s, TEXT + cases[i].offset);

		if (!symbol != !cases[i].name ||
		    (symbol && strcmp(symbol->name, cases[i].name) != 0))
			fail_msg("+%x: %s", cases[i].offset, symbol ? symbol->name : "nothing");
	}
	assert_null(elf_symbols_at(s, 0));
	assert_null(elf_symbols_at(s, UINT64_MAX));

	/* .dynsym repeats two of .symtab's; neither marks nor data nor imports count. */
	assert_int_equal(elf_symbols_count(s), 9);
	assert_int_equal(elf_symbols_find(s, "malloc")->vaddr, TEXT + 0x40);
	assert_int_equal(elf_symbols_find(s, "__libc_malloc")->vaddr, TEXT + 0x40);
	assert_int_equal(elf_symbols_find(s, "assembly")->size, 0x20);
	assert_null(elf_symbols_find(s, "etext"));
	assert_null(elf_symbols_find(s, "imported"));
	assert_null(elf_symbols_find(s, "variable"));
	assert_null(elf_symbols_find(s, "$x"));
	elf_symbols_free(s);
	close_seed(&o);

	o = open_seed("elf", "no-sections");
	s = elf_symbols_new(o.file);
	assert_int_equal(elf_symbols_count(s), 0);
	assert_null(elf_symbols_at(s, TEXT));
	elf_symbols_free(s);
	elf_symbols_free(NULL);
	close_seed(&o);
}

/* Two functions of this very program, as the linker wrote it. */
static void reads_a_real_file(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct elf_file *f = elf_file_open_fd(fd, "self");
	struct elf_symbols *s;
	const struct elf_symbol *a, *b;

	(void)state;
	close(fd);
	assert_non_null(f);
	s = elf_symbols_new(f);
	a = elf_symbols_find(s, "names_functions");
	b = elf_symbols_find(s, "elf_symbols_new");
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(b->vaddr - a->vaddr,
			 (uintptr_t)elf_symbols_new - (uintptr_t)names_functions);
	assert_ptr_equal(elf_symbols_at(s, a->vaddr + a->size - 1), a);
	assert_true(elf_symbols_count(s) > 20);
	elf_symbols_free(s);
	elf_file_free(f);

	fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_null(elf_file_open_fd(fd, "directory"));
	assert_int_equal(errno, ENOEXEC);
	close(fd);
	fd = memfd_create("huge", MFD_CLOEXEC); /* all hole: takes no memory */
	assert_int_equal(ftruncate(fd, 9l << 30), 0);
	assert_null(elf_file_open_fd(fd, "huge"));
	assert_int_equal(errno, EFBIG);
	close(fd);
	assert_null(elf_file_open_fd(-1, "nothing"));
	assert_int_equal(errno, EBADF);
	elf_file_free(NULL);
}

/* Whatever it is, it neither crashes nor reads outside; the sanitizers watch. */
static void ask_everything(const void *data, size_t len)
{
	struct elf_file *f = elf_file_open_mem(data, len, "seed");
	struct elf_symbols *s;

	if (!f)
		return;
	s = elf_symbols_new(f);
	assert_non_null(s);
	for (uint64_t vaddr = TEXT - 1; vaddr < TEXT + 0x220; vaddr++) {
		const struct elf_symbol *symbol = elf_symbols_at(s, vaddr);

		if (symbol)
			assert_true(vaddr - symbol->vaddr < symbol->size);
	}
	elf_symbols_free(s);
	elf_file_free(f);
}

static void ask_seed(const struct seed *s)
{
	ask_everything(s->data, s->len);
}

static void survives_damage(void **state)
{
	struct seed s = seed_load("elf", "exec");

	(void)state;
	assert_true(seed_for_each("elf", ask_seed) >= 20);
	for (size_t len = 0; len < s.len; len += 7) {
		void *copy = malloc(len ? len : 1);

		memcpy(copy, s.data, len);
		ask_everything(copy, len);
		free(copy);
	}
	for (size_t i = 0; i < s.len; i++) {
		uint8_t *byte = (uint8_t *)s.data + i;

		*byte ^= 0xff;
		ask_everything(s.data, s.len);
		*byte ^= 0xff;
	}
	free(s.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(describes_a_file), cmocka_unit_test(translates_addresses),
		cmocka_unit_test(finds_sections),   cmocka_unit_test(reads_build_ids),
		cmocka_unit_test(refuses),          cmocka_unit_test(reads_truncated_files),
		cmocka_unit_test(names_functions),  cmocka_unit_test(reads_packed_symbols),
		cmocka_unit_test(unpacks),          cmocka_unit_test(reads_a_real_file),
		cmocka_unit_test(survives_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
