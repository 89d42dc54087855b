// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Copies of ns::twice() and ns::Box<int>::get() in outer(), as four compilers' DWARF has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "binary/dwarf_inlined.h"
#include "seeds.h"

enum { TWICE, GET, N_WANTED };

struct seen {
	const char *wants; /* NULL: both */
	uint32_t copies[N_WANTED];
	uint64_t bytes;
	char into[64], file[64];
	uint32_t line;
};

static bool may_be_wanted(void *ctx, const char *name, const char *linkage_name)
{
	const struct seen *s = ctx;

	(void)linkage_name;
	return s->wants ? !strcmp(name, s->wants) : !strcmp(name, "twice") || !strcmp(name, "get");
}

static int wanted(void *ctx, const char *name, const char *linkage_name)
{
	(void)ctx;
	(void)linkage_name;
	if (!strcmp(name, "ns::twice"))
		return TWICE;
	return !strcmp(name, "ns::Box<int>::get") ? GET : -1;
}

static int see(void *ctx, int which, const struct inlined_place *place)
{
	struct seen *s = ctx;

	s->copies[which]++;
	for (size_t i = 0; i < place->n_code; i++) {
		assert_true(place->code[i].first < place->code[i].end);
		s->bytes += place->code[i].end - place->code[i].first;
	}
	snprintf(s->into, sizeof(s->into), "%s", place->function);
	snprintf(s->file, sizeof(s->file), "%s", strrchr(place->file, '/') ?: place->file);
	s->line = place->line;
	return 0;
}

static int find(const char *seed, struct seen *seen, uint32_t max_entries)
{
	struct seed s = seed_load("symbols", seed);
	const struct inlined_search search = {
		.may_be_wanted = may_be_wanted,
		.wanted = wanted,
		.found = see,
		.ctx = seen,
		.max_entries = max_entries,
	};
	int fd = memfd_create(seed, MFD_CLOEXEC), err;

	assert_int_equal(write(fd, s.data, s.len), (ssize_t)s.len);
	err = dwarf_inlined_find(fd, -1, &search);
	close(fd);
	free(s.data);
	return err;
}

static void finds_copies(void **state)
{
	static const char *const seeds[] = {"gcc4", "gcc5", "clang4", "clang5", "compressed"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct seen seen = {0};

		assert_int_equal(find(seeds[i], &seen, 1000), 0);
		if (!seen.copies[TWICE] || !seen.copies[GET] || !seen.bytes)
			fail_msg("%s: %u, %u copies", seeds[i], seen.copies[TWICE],
				 seen.copies[GET]);
		assert_int_equal(seen.line, 3);
		assert_non_null(strstr(seen.file, "seed.cc"));
	}
}

static void names_where(void **state)
{
	struct seen seen = {.wants = "twice"};

	(void)state;
	assert_int_equal(find("clang5", &seen, 1000), 0);
	assert_int_equal(seen.copies[GET], 0);
	assert_true(seen.copies[TWICE] >= 1);
	assert_string_equal(seen.into, "outer");
}

static void finds_nothing(void **state)
{
	struct seen seen = {.wants = "outers"};

	(void)state;
	assert_int_equal(find("gcc5", &seen, 1000), 0);
	assert_int_equal(seen.copies[TWICE] + seen.copies[GET], 0);
	/* No inlined calls in it; no DWARF that is safe to read. */
	seen = (struct seen){0};
	assert_int_equal(find("lines-only", &seen, 1000), 0);
	assert_int_equal(find("unterminated-strings", &seen, 1000), -ENODATA);
}

static void stops_at_the_limit(void **state)
{
	struct seen seen = {0};
	uint32_t enough = 1;

	(void)state;
	assert_int_equal(find("gcc5", &seen, 0), -E2BIG);
	assert_int_equal(seen.copies[TWICE], 0);
	while (find("gcc5", &seen, enough) == -E2BIG)
		enough++;
	assert_true(enough > 10 && enough < 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_copies),
		cmocka_unit_test(names_where),
		cmocka_unit_test(finds_nothing),
		cmocka_unit_test(stops_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
