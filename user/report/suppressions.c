// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "report/suppressions.h"

/* Far above what people write, so that a wrong file is told at once. */
#define FILE_MAX     ((size_t)1 << 20)
#define PATTERNS_MAX 4096

#define PREFIX "leak:"

struct pattern {
	char *written;
	/* What is left of it without the anchors, which every name is compared with. */
	char *body;
	bool from_start, to_end;
};

struct suppressions {
	VEC(struct pattern) patterns;
};

/* LeakSanitizer reads no further than the first '$'. */
static int make_pattern(const char *start, size_t len, struct pattern *p)
{
	const char *end = memchr(start, '$', len);

	*p = (struct pattern){.written = strndup(start, len)};
	p->to_end = end;
	len = end ? (size_t)(end - start) : len;
	p->from_start = len && *start == '^';
	p->body = strndup(start + p->from_start, len - p->from_start);
	if (p->written && p->body)
		return 0;
	free(p->written);
	free(p->body);
	return -ENOMEM;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static int parse_line(struct suppressions *s, const char *name, size_t number, const char *line,
		      size_t len)
{
	struct pattern p;

	while (len && is_blank(*line)) {
		line++;
		len--;
	}
	while (len && is_blank(line[len - 1]))
		len--;
	if (!len || *line == '#')
		return 0;
	if (len < strlen(PREFIX) || memcmp(line, PREFIX, strlen(PREFIX)) || memchr(line, 0, len)) {
		log_error("%s:%zu: no suppression: expected leak:PATTERN, or # and a comment", name,
			  number);
		return -EINVAL;
	}
	if (s->patterns.n == PATTERNS_MAX) {
		log_error("%s:%zu: more than %d suppressions", name, number, PATTERNS_MAX);
		return -EINVAL;
	}
	if (make_pattern(line + strlen(PREFIX), len - strlen(PREFIX), &p))
		return -ENOMEM;
	if (!vec_push(&s->patterns, p))
		return 0;
	free(p.written);
	free(p.body);
	return -ENOMEM;
}

static int parse_lines(struct suppressions *s, const char *name, const char *text, size_t len)
{
	size_t number = 0;
	int err = 0;

	while (!err && len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		err = parse_line(s, name, ++number, text, line);
		line += end != NULL;
		text += line;
		len -= line;
	}
	if (err == -ENOMEM)
		log_error("%s: out of memory", name);
	return err;
}

struct suppressions *suppressions_parse(const char *name, const char *text, size_t len)
{
	struct suppressions *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		errno = ENOMEM;
		return NULL;
	}
	err = parse_lines(s, name, text, len);
	if (!err)
		return s;
	suppressions_free(s);
	errno = -err;
	return NULL;
}

struct suppressions *suppressions_read(const char *path)
{
	__auto_free char *text = malloc(FILE_MAX + 1);
	FILE *f = text ? fopen(path, "re") : NULL;
	size_t len;
	int err;

	if (!f) {
		err = errno;
		log_error("%s: %s", path, strerror(err));
		errno = err;
		return NULL;
	}
	len = fread(text, 1, FILE_MAX + 1, f);
	err = ferror(f) ? errno : 0;
	fclose(f);
	if (!err && len > FILE_MAX)
		err = EFBIG;
	if (!err)
		return suppressions_parse(path, text, len);
	log_error("%s: %s", path, strerror(err));
	errno = err;
	return NULL;
}

void suppressions_free(struct suppressions *s)
{
	if (!s)
		return;
	vec_for_each (&s->patterns, p) {
		free(p->written);
		free(p->body);
	}
	vec_free(&s->patterns);
	free(s);
}

size_t suppressions_count(const struct suppressions *s)
{
	return s->patterns.n;
}

const char *suppressions_pattern(const struct suppressions *s, size_t i)
{
	return s->patterns.data[i].written;
}

/*
 * A '*' takes as little as it can, and one character more each time what follows
 * does not fit: only the last '*' has to be tried again, so time is bounded by the
 * product of both lengths.
 */
static bool body_matches(const struct pattern *p, const char *name)
{
	const char *body = p->body, *retry = p->from_start ? NULL : body, *retry_name = name;

	for (;;) {
		if (*body == '*') {
			retry = ++body;
			retry_name = name;
		} else if (!*body && (!p->to_end || !*name)) {
			return true;
		} else if (*body && *body == *name) {
			body++;
			name++;
		} else if (retry && *retry_name) {
			body = retry;
			name = ++retry_name;
		} else {
			return false;
		}
	}
}

bool suppressions_match(const struct suppressions *s, size_t i, const char *name)
{
	return *name && body_matches(&s->patterns.data[i], name);
}
