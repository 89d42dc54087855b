// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Against small programs made by tests/fuzz/make_seeds.py, whose functions, lines
 * and inlined calls are written there, and against the go command itself. The
 * comparison with other symbolisers is tests/e2e/test_symbols.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "binary/go_binary.h"
#include "binary/go_version.h"
#include "seeds.h"

#define MAX_FRAMES 200

struct program {
	struct seed seed;
	struct elf_file *file;
	struct go_binary *go;
	uint64_t text; /* in these programs the entry point is the first function */
};

static struct program open_program(const char *name)
{
	struct program p = {.seed = seed_load("pclntab", name)};
	const char *why;

	p.file = elf_file_open_mem(p.seed.data, p.seed.len, name);
	if (!p.file)
		fail_msg("%s: %s", name, elf_file_error(errno));
	p.go = go_binary_open(p.file, &why);
	if (!p.go)
		fail_msg("%s: %s", name, why);
	assert_null(why);
	p.text = elf_file_entry(p.file);
	return p;
}

static void close_program(struct program *p)
{
	go_binary_free(p->go);
	elf_file_free(p->file);
	free(p->seed.data);
}

/* Good programs of each version and kind. */
static const struct {
	const char *seed;
	int minor, patch;
	const char *text;
	bool inlines;
} good[] = {
	{"go1.18.10", 18, 10, "go1.18.10", true},
	{"go1.19.8", 19, 8, "go1.19.8", true},
	{"go1.20.14", 20, 14, "go1.20.14", true},
	{"go1.21.13", 21, 13, "go1.21.13", true},
	{"go1.25.5", 25, 5, "go1.25.5", true},
	{"go1.26.8", 26, 8, "go1.26.8", true},
	{"go1.27.4", 27, 4, "go1.27.4", true},
	{"go1.28.1", 28, 1, "go1.28.1", true},
	{"arm64", 26, 8, "go1.26.8", true},
	{"pie-1.20", 20, 1, "go1.20.1", true},
	{"lld-pie-1.22", 22, 2, "go1.22.2", true},
	{"lld-pie-1.27", 27, 2, "go1.27.2", true},
	{"external", 26, 1, "go1.26.1", true},
	{"no-sections", 24, 3, "go1.24.3", true},
	{"no-sections-1.26", 26, 3, "go1.26.3", true},
	/* In these, other strings look like versions too. */
	{"no-buildinfo", 26, 5, "go1.26.5", true},
	{"no-buildinfo-no-sections", 23, 9, "go1.23.9", true},
	{"no-buildinfo-lld", 27, 3, "go1.27.3", true},
	{"no-buildinfo-1.19", 19, 7, "go1.19.7", true},
	{"devel", 28, 0, "devel go1.28-0123abcd Mon Jan 5 2026", true},
	{"experiment", 26, 11, "go1.26.11-X:nogreenteagc", true},
	{"no-minpc-1.26", 26, 4, "go1.26.4", false},
	{"no-module-1.22", 22, 1, "go1.22.1", false},
	{"no-module-1.28", 28, 2, "go1.28.2", false},
	{"moved-gofunc-1.28", 28, 0, "go1.28.0", false},
};

static void tells_the_version(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct program p = open_program(good[i].seed);
		const struct go_version *v = go_binary_version(p.go);

		if (v->minor != good[i].minor || v->patch != good[i].patch ||
		    strcmp(v->text, good[i].text) != 0)
			fail_msg("%s: %d %d \"%s\"", good[i].seed, v->minor, v->patch, v->text);
		close_program(&p);
	}
}

static void parses_versions(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int minor, patch;
	} cases[] = {
		{"go1.26.8", true, 26, 8},
		{"go1.21", true, 21, 0},
		{"go1.27rc1", true, 27, 0},
		{"go1.24.1 X:noswissmap", true, 24, 1},
		{"go1.22.5-custom", true, 22, 5},
		{"go1.25-20250209-RC00 cl/724970549 +ff27d270c9 X:rangefunc", true, 25, 0},
		{"devel go1.24-2a1c3b", true, 24, 0},
		{"go1.26.", false, 0, 0},
		{"go1.", false, 0, 0},
		{"go2.1", false, 0, 0},
		{"devel +0123456", false, 0, 0},
		{"go1.x", false, 0, 0},
		{"unknown", false, 0, 0},
		{"", false, 0, 0},
	};
	struct go_version v;
	char text[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool ok = go_version_parse(cases[i].text, strlen(cases[i].text), &v);

		if (ok != cases[i].ok ||
		    (ok && (v.minor != cases[i].minor || v.patch != cases[i].patch)))
			fail_msg("\"%s\": %d %d %d", cases[i].text, ok, v.minor, v.patch);
	}

	memset(text, '\n', sizeof(text));
	memcpy(text, "go1.23.4", 8);
	assert_true(go_version_parse(text, sizeof(text), &v));
	assert_int_equal(strlen(v.text), sizeof(v.text) - 1);
	assert_non_null(strstr(v.text, "go1.23.4???"));
}

static void lists_functions(void **state)
{
	static const struct {
		const char *name;
		uint64_t entry, end;
		bool wrapper;
	} expected[] = {
		{"_rt0_amd64_linux", 0, 0x20, false},
		{"runtime.mallocgc", 0x20, 0x80, false},
		{"runtime.mallocgc", 0x80, 0xa0, true},
		{"runtime.mapassign_fast64", 0xa0, 0xe0, false},
		{"runtime.mapassign", 0xe0, 0x100, false},
		{"main.main", 0x100, 0x180, false},
		{"main.foreign", 0x180, 0x1c0, false},
	};
	struct go_func f;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct program p = open_program(good[i].seed);

		assert_int_equal(go_binary_n_funcs(p.go), ARRAY_SIZE(expected));
		for (size_t k = 0; k < ARRAY_SIZE(expected); k++) {
			for (unsigned int last = 0; last < 2; last++) {
				uint64_t inside = last ? expected[k].end - 1 : expected[k].entry;

				assert_true(last ? go_binary_func_at(p.go, p.text + inside, &f)
						 : go_binary_func(p.go, k, &f));
				assert_string_equal(f.name, expected[k].name);
				assert_int_equal(f.entry, p.text + expected[k].entry);
				assert_int_equal(f.end, p.text + expected[k].end);
				assert_int_equal(f.wrapper, expected[k].wrapper);
			}
		}
		assert_false(go_binary_func(p.go, ARRAY_SIZE(expected), &f));
		assert_false(go_binary_func_at(p.go, p.text - 1, &f));
		assert_false(go_binary_func_at(p.go, p.text + 0x1c0, &f));
		assert_false(go_binary_func_at(p.go, 0, &f));
		assert_false(go_binary_func_at(p.go, UINT64_MAX, &f));
		close_program(&p);
	}
}

struct found {
	size_t n;
	uint64_t entries[8];
};

static void note_function(const struct go_func *f, void *ctx)
{
	struct found *found = ctx;

	assert_false(f->wrapper);
	if (found->n < ARRAY_SIZE(found->entries))
		found->entries[found->n] = f->entry;
	found->n++;
}

static void finds_by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct program p = open_program(good[i].seed);
		struct found f = {0};

		/* Twice in the table, but one of them is a wrapper. */
		assert_int_equal(go_binary_find_funcs(p.go, "runtime.mallocgc", note_function, &f),
				 1);
		assert_int_equal(f.n, 1);
		assert_int_equal(f.entries[0], p.text + 0x20);

		f.n = 0;
		assert_int_equal(go_binary_find_funcs(p.go, "runtime.mapassign", note_function, &f),
				 1);
		assert_int_equal(f.entries[0], p.text + 0xe0);

		f.n = 0;
		assert_int_equal(
			go_binary_find_prefix(p.go, "runtime.mapassign", note_function, &f), 2);
		assert_int_equal(f.entries[0], p.text + 0xa0);
		assert_int_equal(f.entries[1], p.text + 0xe0);

		/* Inlined everywhere, so it has a name but no code. */
		assert_int_equal(go_binary_find_funcs(p.go, "main.first", note_function, &f), 0);
		assert_int_equal(go_binary_find_funcs(p.go, "", note_function, &f), 0);
		assert_int_equal(go_binary_find_prefix(p.go, "", note_function, &f), 6);
		close_program(&p);
	}
}

struct expected_frame {
	const char *name, *file;
	uint32_t line, start_line;
	bool inlined, wrapper;
};

#define MAIN "/src/main.go"
#define LEAF "/src/leaf/leaf.go"

static void check_frames(const char *seed, const struct program *p, uint64_t offset,
			 const struct expected_frame *expected, size_t n_expected)
{
	struct go_frame frames[MAX_FRAMES];
	size_t n = go_binary_frames(p->go, p->text + offset, frames, MAX_FRAMES);

	if (n != n_expected)
		fail_msg("%s +%llx: %zu frames", seed, (unsigned long long)offset, n);
	for (size_t i = 0; i < n; i++) {
		const struct expected_frame *e = &expected[i];
		const struct go_frame *f = &frames[i];
		bool old = go_binary_version(p->go)->minor < 20;

		if (strcmp(f->name, e->name) != 0 || strcmp(f->file, e->file) != 0 ||
		    f->line != e->line || f->inlined != e->inlined || f->wrapper != e->wrapper ||
		    f->start_line != (old ? 0 : e->start_line))
			fail_msg("%s +%llx, frame %zu: %s %s:%u, start %u", seed,
				 (unsigned long long)offset, i, f->name, f->file, f->line,
				 f->start_line);
	}
}

static void unfolds_inlined_calls(void **state)
{
	static const struct expected_frame plain[] = {{"main.main", MAIN, 11, 10, false, false}};
	static const struct expected_frame after[] = {{"main.main", MAIN, 13, 10, false, false}};
	static const struct expected_frame deepest[] = {
		{"leaf.grow", LEAF, 41, 40, true, true},
		{"leaf.Bytes", LEAF, 31, 30, true, false},
		{"main.first", MAIN, 21, 20, true, false},
		{"main.main", MAIN, 12, 10, false, false},
	};
	/* Where the tree is not to be had, the function is. */
	static const struct expected_frame flat[] = {{"main.main", LEAF, 41, 10, false, false}};
	static const struct expected_frame wrapper[] = {
		{"runtime.mallocgc", "<autogenerated>", 1, 0, false, true}};
	static const struct expected_frame foreign[] = {{"main.foreign", "", 0, 0, false, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct program p = open_program(good[i].seed);
		struct go_frame frame;

		check_frames(good[i].seed, &p, 0x100, plain, 1);
		check_frames(good[i].seed, &p, 0x107, plain, 1);
		check_frames(good[i].seed, &p, 0x17f, after, 1);
		check_frames(good[i].seed, &p, 0x90, wrapper, 1);
		check_frames(good[i].seed, &p, 0x180, foreign, 1);
		check_frames(good[i].seed, &p, 0x1c0, NULL, 0);
		if (!good[i].inlines) {
			check_frames(good[i].seed, &p, 0x138, flat, 1);
		} else {
			check_frames(good[i].seed, &p, 0x110, deepest + 2, 2);
			check_frames(good[i].seed, &p, 0x12f, deepest + 1, 3);
			check_frames(good[i].seed, &p, 0x130, deepest, 4);
			check_frames(good[i].seed, &p, 0x13f, deepest, 4);
			assert_int_equal(go_binary_frames(p.go, p.text + 0x138, &frame, 1), 1);
			assert_string_equal(frame.name, "leaf.grow");
		}
		assert_int_equal(go_binary_frames(p.go, p.text + 0x138, &frame, 0), 0);
		close_program(&p);
	}
}

static void refuses_with_a_reason(void **state)
{
	static const struct {
		const char *seed;
		int err;
		const char *word;
	} cases[] = {
		{"refuse-old-magic", ENOTSUP, "older than 1.18"},
		{"refuse-old-magic-no-sections", ENOTSUP, "older than 1.18"},
		{"refuse-old-version", ENOTSUP, "older than 1.18"},
		{"refuse-garble-magic", ENOTSUP, "garble"},
		{"refuse-garble-names", ENOTSUP, "garble"},
		{"refuse-no-version", ENOTSUP, "which Go built it"},
		{"refuse-tinygo", ENOTSUP, "TinyGo"},
		{"refuse-gccgo", ENOTSUP, "gccgo"},
		{"refuse-no-module-external", EBADMSG, "moduledata"},
		{"refuse-no-module-no-sections", EBADMSG, "moduledata"},
		{"damaged-header-n", EBADMSG, "damaged"},
		{"damaged-header-n-just-over", EBADMSG, "damaged"},
		{"damaged-header-n-zero", EBADMSG, "damaged"},
		{"damaged-header-names", EBADMSG, "damaged"},
		{"damaged-header-cutab", EBADMSG, "damaged"},
		{"damaged-header-filetab", EBADMSG, "damaged"},
		{"damaged-header-pctab", EBADMSG, "damaged"},
		{"damaged-header-functab", EBADMSG, "damaged"},
		{"truncated-0500", EBADMSG, "damaged"},
	};
	struct seed plain = seed_load("elf", "exec");
	struct elf_file *f = elf_file_open_mem(plain.data, plain.len, plain.name);
	const char *why;

	(void)state;
	assert_null(go_binary_open(f, &why));
	assert_int_equal(errno, ENOEXEC);
	assert_non_null(strstr(why, "not a Go program"));
	elf_file_free(f);
	free(plain.data);
	go_binary_free(NULL);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seed s = seed_load("pclntab", cases[i].seed);

		f = elf_file_open_mem(s.data, s.len, s.name);
		assert_non_null(f);
		assert_null(go_binary_open(f, &why));
		if (errno != cases[i].err || !strstr(why, cases[i].word))
			fail_msg("%s: errno %d, %s", s.name, errno, why);
		elf_file_free(f);
		free(s.data);
	}
}

/* One function's damage is its own: the others are as they were. */
static void keeps_damage_local(void **state)
{
	static const struct expected_frame unknown[] = {{"main.main", "", 0, 10, false, false}};
	struct program p = open_program("hostile-record-name");
	struct go_frame frames[MAX_FRAMES];
	struct go_func f;

	(void)state;
	assert_false(go_binary_func(p.go, 5, &f));
	assert_int_equal(go_binary_frames(p.go, p.text + 0x138, frames, MAX_FRAMES), 0);
	assert_true(go_binary_func(p.go, 4, &f));
	assert_string_equal(f.name, "runtime.mapassign");
	assert_true(go_binary_func(p.go, 6, &f));
	assert_string_equal(f.name, "main.foreign");
	close_program(&p);

	p = open_program("hostile-record-pcfile");
	check_frames("hostile-record-pcfile", &p, 0x150, unknown, 1);
	close_program(&p);
	p = open_program("hostile-record-unit");
	check_frames("hostile-record-unit", &p, 0x150, unknown, 1);
	close_program(&p);
}

/* leaf.Bytes says that it was called from within itself. */
static void ends_cycles(void **state)
{
	static const char *const seeds[] = {"cyclic-tree", "cyclic-tree-1.19"};
	static const struct expected_frame expected[] = {
		{"leaf.grow", LEAF, 41, 40, true, true},
		{"leaf.Bytes", LEAF, 31, 30, true, false},
		{"main.main", "", 0, 10, false, false},
	};
	static const struct expected_frame unaffected[] = {
		{"main.first", MAIN, 21, 20, true, false},
		{"main.main", MAIN, 12, 10, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct program p = open_program(seeds[i]);

		check_frames(seeds[i], &p, 0x138, expected, 3);
		check_frames(seeds[i], &p, 0x128, expected + 1, 2);
		check_frames(seeds[i], &p, 0x118, unaffected, 2);
		close_program(&p);
	}
}

/* Whatever it is, it neither crashes nor reads outside; the sanitizers watch. */
static void ask_everything(const void *data, size_t len)
{
	struct elf_file *file = elf_file_open_mem(data, len, "seed");
	struct found found = {0};
	struct go_binary *b;
	const char *why;

	if (!file)
		return;
	b = go_binary_open(file, &why);
	assert_true(b ? !why : *why);
	for (size_t i = 0; b && i < go_binary_n_funcs(b); i++) {
		struct go_frame frames[MAX_FRAMES];
		struct go_func f;

		if (!go_binary_func(b, i, &f))
			continue;
		for (uint64_t vaddr = f.entry; vaddr < f.end && vaddr < f.entry + 0x80;
		     vaddr += 9) {
			size_t n = go_binary_frames(b, vaddr, frames, MAX_FRAMES);

			for (size_t k = 0; k < n; k++) {
				assert_true(strlen(frames[k].name) < len);
				assert_true(strlen(frames[k].file) < len);
			}
		}
	}
	if (b)
		go_binary_find_prefix(b, "runtime.m", note_function, &found);
	go_binary_free(b);
	elf_file_free(file);
}

static void ask_seed(const struct seed *s)
{
	ask_everything(s->data, s->len);
}

static void survives_damage(void **state)
{
	static const char *const seeds[] = {"go1.19.8", "go1.26.8", "no-buildinfo-no-sections"};

	(void)state;
	assert_true(seed_for_each("pclntab", ask_seed) >= 50);
	assert_true(seed_for_each("elf", ask_seed) >= 20);
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct seed s = seed_load("pclntab", seeds[i]);

		for (size_t at = 0; at < s.len; at++) {
			uint8_t *byte = (uint8_t *)s.data + at;

			*byte ^= 0xff;
			ask_everything(s.data, s.len);
			*byte ^= 0xff;
		}
		for (size_t len = 0; len < s.len; len += 5) {
			void *copy = malloc(len ? len : 1);

			memcpy(copy, s.data, len);
			ask_everything(copy, len);
			free(copy);
		}
		free(s.data);
	}
}

/* First line of a command's output, "" if it fails. */
static const char *output_of(const char *command, char *line, int size)
{
	FILE *f = popen(command, "r");

	*line = 0;
	if (f && fgets(line, size, f))
		line[strcspn(line, "\n")] = 0;
	if (f)
		pclose(f);
	return line;
}

/* The go command is a Go program, as the linker of a release wrote it. */
static void reads_a_real_program(void **state)
{
	char root[PATH_MAX], path[PATH_MAX + 8], version[128];
	struct found found = {0};
	struct go_frame frames[MAX_FRAMES];
	struct elf_file *f;
	struct go_binary *b;
	struct go_func func;
	const char *why;
	size_t n;
	int fd;

	(void)state;
	output_of("GOTOOLCHAIN=local go env GOROOT 2>/dev/null", root, sizeof(root));
	output_of("GOTOOLCHAIN=local go env GOVERSION 2>/dev/null", version, sizeof(version));
	snprintf(path, sizeof(path), "%s/bin/go", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		print_message("no go command on PATH\n");
		skip();
	}
	f = elf_file_open_fd(fd, path);
	close(fd);
	assert_non_null(f);
	b = go_binary_open(f, &why);
	if (!b)
		fail_msg("%s: %s", path, why);
	assert_string_equal(go_binary_version(b)->text, version);
	assert_true(go_binary_n_funcs(b) > 5000);

	assert_int_equal(go_binary_find_funcs(b, "runtime.mallocgc", note_function, &found), 1);
	n = go_binary_frames(b, found.entries[0], frames, MAX_FRAMES);
	assert_int_equal(n, 1);
	assert_string_equal(frames[0].name, "runtime.mallocgc");
	assert_non_null(strstr(frames[0].file, "runtime/malloc.go"));
	assert_true(frames[0].line > 100);

	/* No damage, order, no gaps; and somewhere a call inlined into a call. */
	found.n = 0;
	for (size_t i = 0; i < go_binary_n_funcs(b); i++) {
		uint64_t end = i ? func.end : 0;

		assert_true(go_binary_func(b, i, &func));
		assert_true(!i || func.entry == end);
		n = go_binary_frames(b, func.entry + (func.end - func.entry) / 2, frames,
				     MAX_FRAMES);
		assert_true(n >= 1 && n < 40);
		assert_string_equal(frames[n - 1].name, func.name);
		found.n += n > 2;
	}
	assert_true(found.n > 100);
	go_binary_free(b);
	elf_file_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_version),     cmocka_unit_test(parses_versions),
		cmocka_unit_test(lists_functions),       cmocka_unit_test(finds_by_name),
		cmocka_unit_test(unfolds_inlined_calls), cmocka_unit_test(refuses_with_a_reason),
		cmocka_unit_test(keeps_damage_local),    cmocka_unit_test(ends_cycles),
		cmocka_unit_test(survives_damage),       cmocka_unit_test(reads_a_real_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
