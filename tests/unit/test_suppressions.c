// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Suppressions as LeakSanitizer reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "report/suppressions.h"

static bool matches(const char *pattern, const char *name)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "leak:%s\n", pattern);
	struct suppressions *s = suppressions_parse("x.supp", text, (size_t)len);
	bool match;

	assert_non_null(s);
	assert_int_equal(suppressions_count(s), 1);
	match = suppressions_match(s, 0, name);
	suppressions_free(s);
	return match;
}

static void patterns_match(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool expected;
	} cases[] = {
		{"foo", "foo", true},
		{"foo", "a::foo(int)", true},
		{"foo", "fo", false},
		{"foo", "", false},
		{"^foo", "foobar", true},
		{"^foo", "a foo", false},
		{"foo$", "a foo", true},
		{"foo$", "foo foo", true},
		{"foo$", "foobar", false},
		{"^foo$", "foo", true},
		{"^foo$", "foofoo", false},
		{"a*c", "xabbcx", true},
		{"a*c$", "acbc", true},
		{"^a*c$", "bac", false},
		{"*", "x", true},
		{"*", "", false},
		{"", "x", true},
		{"^", "x", true},
		{"$", "x", true},
		{"^$", "x", false},
		{"*foo*", "a foo", true},
		{"^*foo", "a foo", true},
		{"foo*$", "foobar", true},
		{"a*b*c", "a c b", false},
		{"a*b*c", "aabbcc", true},
		{"libfoo.so", "/usr/lib/libfoo.so.6", true},
		/* What stands behind the first '$' is not read. */
		{"foo$bar", "foo", true},
		{"foo$bar", "foo$bar", false},
		/* Anywhere but at the beginning '^' is a character. */
		{"a^b", "xa^by", true},
		{"f\xc3\xa9", "caf\xc3\xa9", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (matches(cases[i].pattern, cases[i].name) != cases[i].expected)
			fail_msg("leak:%s on %s", cases[i].pattern, cases[i].name);
	}
}

/* A pattern of many stars takes the product of both lengths, not a power of them. */
static void matching_ends_soon(void **state)
{
	char pattern[200], name[20001];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 3);
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = 0;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_false(matches(pattern, name));
	name[sizeof(name) - 2] = 'b';
	assert_true(matches(pattern, name));
}

static void lines_are_read(void **state)
{
	static const char text[] = "# what is known\n"
				   "\n"
				   "leak:one\r\n"
				   "  \tleak:two three \t\n"
				   "   # more\n"
				   "leak:\n"
				   "leak:last";
	struct suppressions *s = suppressions_parse("x.supp", text, sizeof(text) - 1);

	(void)state;
	assert_non_null(s);
	assert_int_equal(suppressions_count(s), 4);
	assert_string_equal(suppressions_pattern(s, 0), "one");
	assert_string_equal(suppressions_pattern(s, 1), "two three");
	assert_string_equal(suppressions_pattern(s, 2), "");
	assert_string_equal(suppressions_pattern(s, 3), "last");
	suppressions_free(s);
	s = suppressions_parse("x.supp", "", 0);
	assert_non_null(s);
	assert_int_equal(suppressions_count(s), 0);
	suppressions_free(s);
	suppressions_free(NULL);
}

static void refuse(const char *text, size_t len, const char *words)
{
	struct capture c = capture_begin();
	struct suppressions *s = suppressions_parse("x.supp", text, len);
	char said[256];
	int err = errno;

	capture_end(&c, said, sizeof(said));
	assert_null(s);
	assert_int_equal(err, EINVAL);
	assert_non_null(strstr(said, words));
}

static void other_lines_are_refused(void **state)
{
	char *many = malloc(4097 * 7);

	(void)state;
	refuse("leak:a\nrace:b\n", 14, "x.supp:2: no suppression: expected leak:PATTERN");
	refuse("lea", 3, "x.supp:1: no suppression");
	refuse("leak a", 6, "x.supp:1: no suppression");
	refuse("leak:a\0b", 8, "x.supp:1: no suppression");
	for (size_t i = 0; i < 4097; i++)
		memcpy(many + i * 7, "leak:a\n", 7);
	refuse(many, 4097 * 7, "x.supp:4097: more than 4096 suppressions");
	free(many);
}

static struct suppressions *read_quietly(const char *path, int *err, char *said, size_t size)
{
	struct capture c = capture_begin();
	struct suppressions *s = suppressions_read(path);

	*err = errno;
	capture_end(&c, said, size);
	return s;
}

static void files_are_read(void **state)
{
	char path[] = "/tmp/suppressions.XXXXXX", said[256];
	int fd = mkstemp(path), err;
	struct suppressions *s;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "leak:x\n", 7), 7);
	s = suppressions_read(path);
	assert_non_null(s);
	assert_true(suppressions_match(s, 0, "axb"));
	suppressions_free(s);
	assert_int_equal(ftruncate(fd, (1 << 20) + 1), 0);
	assert_null(read_quietly(path, &err, said, sizeof(said)));
	assert_int_equal(err, EFBIG);
	assert_non_null(strstr(said, path));
	close(fd);
	unlink(path);
	assert_null(read_quietly(path, &err, said, sizeof(said)));
	assert_int_equal(err, ENOENT);
	assert_non_null(strstr(said, "No such file"));
	assert_null(read_quietly("/tmp", &err, said, sizeof(said)));
	assert_int_equal(err, EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match), cmocka_unit_test(matching_ends_soon),
		cmocka_unit_test(lines_are_read), cmocka_unit_test(other_lines_are_refused),
		cmocka_unit_test(files_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
