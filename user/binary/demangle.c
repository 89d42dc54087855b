// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * libiberty reads both languages' names. It bounds its recursion, but not what it
 * writes: a name of 200 bytes whose back references double at each step unfolds
 * into more than any memory holds. So its callback form is used, and the callback
 * leaves by longjmp() when the output has grown too long. That form keeps all its
 * state on the stack, but for a Rust identifier in punycode, which is printed from
 * the heap: such a piece has bytes above ASCII, and is let return.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>
#undef ARRAY_SIZE /* libiberty.h and cleanup.h both have one */

#include "base/cleanup.h"
#include "binary/demangle.h"

/* Binders of lifetimes are counted in a loop, printed or not: more digits are refused. */
#define MAX_BINDER_DIGITS 2

struct output {
	jmp_buf full;
	size_t len;
	char text[DEMANGLE_MAX_OUTPUT];
};

static bool is_ascii(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x80)
			return false;
	}
	return true;
}

static void append(const char *s, size_t len, void *opaque)
{
	struct output *out = opaque;

	if (!len)
		return;
	if (len < sizeof(out->text) - out->len) {
		memcpy(out->text + out->len, s, len);
		out->len += len;
	} else if (is_ascii(s, len)) {
		longjmp(out->full, 1);
	} else {
		out->len = sizeof(out->text) - 1;
	}
}

/* "FG" and "DG" begin function types and trait objects with lifetimes of their own. */
static bool has_large_binder(const char *name)
{
	for (const char *p = strpbrk(name, "FD"); p; p = strpbrk(p + 1, "FD")) {
		size_t digits = 0;

		if (p[1] != 'G')
			continue;
		while (isalnum((unsigned char)p[2 + digits]))
			digits++;
		if (digits > MAX_BINDER_DIGITS && p[2 + digits] == '_')
			return true;
	}
	return false;
}

bool demangle_is_mangled(const char *name)
{
	return !strncmp(name, "_Z", 2) || !strncmp(name, "_R", 2) || !strncmp(name, "___Z", 4);
}

/*
 * A name that a compiler's flag or version follows ("_ZSt4cout@@GLIBCXX_3.4") is
 * read without it. NULL: not a name we read.
 */
static char *readable_part(const char *name)
{
	size_t len = strnlen(name, DEMANGLE_MAX_INPUT + 1);
	const char *version = memchr(name, '@', len);

	if (!demangle_is_mangled(name) || len > DEMANGLE_MAX_INPUT)
		return NULL;
	return strndup(name, version ? (size_t)(version - name) : len);
}

static int unfold(const char *name, int options, struct output *out)
{
	if (setjmp(out->full))
		return 0;
	out->len = 0;
	if (!has_large_binder(name) && rust_demangle_callback(name, options, append, out))
		return 1;
	out->len = 0;
	/* The limit is on the name's length, and lower than ours. */
	return cplus_demangle_v3_callback(name, options | DMGL_NO_RECURSE_LIMIT, append, out);
}

static char *demangle_as(const char *name, int options)
{
	__auto_free char *part = readable_part(name);
	__auto_free struct output *out = part ? malloc(sizeof(*out)) : NULL;

	if (!out || !unfold(part, options | DMGL_ANSI, out) || !out->len)
		return NULL;
	return strndup(out->text, out->len);
}

char *demangle(const char *name)
{
	return demangle_as(name, DMGL_PARAMS);
}

/* Does the text before @at end in "operator" and @marks? */
static bool is_operator(const char *text, const char *at, const char *marks)
{
	static const char word[] = "operator";
	size_t n = sizeof(word) - 1;

	while (at > text && strchr(marks, at[-1]))
		at--;
	return (size_t)(at - text) >= n && !memcmp(at - n, word, n);
}

/* The byte behind what closes the bracket at @open; the end where nothing does. */
static const char *skip_arguments(const char *open)
{
	int depth = 0;

	for (const char *p = open; *p; p++) {
		if (*p == '<')
			depth++;
		else if (*p == '>' && p[-1] != '-' && !--depth)
			return p + 1;
	}
	return open + strlen(open);
}

/*
 * A "<" behind a name opens arguments, which go; so does the second one of
 * "operator< <int>". Elsewhere Rust wraps a type in it, which stays:
 * "<alloc::vec::Vec<T> as Drop>::drop".
 */
static bool opens_arguments(const char *text, const char *at)
{
	if (at == text || at[-1] == '<' || at[-1] == '&')
		return false;
	if (at[-1] == ' ')
		return is_operator(text, at - 1, "<=>-");
	return !is_operator(text, at, "<-");
}

static void cut_arguments(char *text)
{
	char *to = text;

	for (const char *from = text; *from;) {
		const char *end = from + 1;

		if (*from == '<' && opens_arguments(text, from))
			end = skip_arguments(from);
		/* What is no longer than "<...>" stays, so that the text shrinks in place. */
		if (end - from > 5) {
			memcpy(to, "<...>", 5);
			to += 5;
		} else {
			memmove(to, from, (size_t)(end - from));
			to += end - from;
		}
		from = end;
	}
	*to = 0;
}

char *demangle_cut(const char *readable)
{
	char *text = strdup(readable);

	if (text)
		cut_arguments(text);
	return text;
}

char *demangle_short(const char *name)
{
	char *text = demangle_as(name, DMGL_NO_OPTS);

	if (text)
		cut_arguments(text);
	return text;
}
