// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/vec.h"
#include "binary/perf_map.h"

#define MAX_FILE (256u << 20)
/* How many lower functions are asked whether they reach over a nested one. */
#define MAX_LOOKBACK 32

struct function {
	uint64_t start, size;
	const char *name;
};

struct perf_map {
	char *text;                     /* names end in NUL where the lines ended */
	VEC(struct function) functions; /* by start; of equal starts the last line's only */
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to 16 hex digits, with or without "0x" in front, then a space. Else NULL. */
static char *read_hex(char *s, uint64_t *value)
{
	size_t digits = 0;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	for (*value = 0; digits < 17 && hex_digit(*s) >= 0; digits++)
		*value = *value << 4 | (uint64_t)hex_digit(*s++);
	return digits && digits < 17 && *s == ' ' ? s + 1 : NULL;
}

static int read_line(struct perf_map *m, char *line)
{
	struct function f;
	char *rest = read_hex(line, &f.start);

	rest = rest ? read_hex(rest, &f.size) : NULL;
	if (!rest || !*rest || !f.size || f.start + f.size < f.start)
		return 0;
	f.name = rest;
	return vec_push(&m->functions, f);
}

static int read_lines(struct perf_map *m, size_t len)
{
	char *line = m->text, *end = m->text + len;
	int err = 0;

	while (line < end && !err) {
		char *newline = memchr(line, '\n', (size_t)(end - line));

		/* A line without an end is still being written. */
		if (!newline)
			break;
		*newline = 0;
		err = read_line(m, line);
		line = newline + 1;
	}
	return err;
}

/* Names lie in the text in the order of the lines. */
static int by_start(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static void keep_last(struct perf_map *m)
{
	struct function *f = m->functions.data;
	size_t n = 0;

	for (size_t i = 0; i < m->functions.n; i++) {
		if (n && f[n - 1].start == f[i].start)
			n--;
		f[n++] = f[i];
	}
	m->functions.n = n;
}

static struct perf_map *index_text(char *text, size_t len)
{
	struct perf_map *m = text ? calloc(1, sizeof(*m)) : NULL;

	if (!m) {
		free(text);
		errno = ENOMEM;
		return NULL;
	}
	m->text = text;
	if (read_lines(m, len)) {
		perf_map_free(m);
		errno = ENOMEM;
		return NULL;
	}
	if (m->functions.n)
		qsort(m->functions.data, m->functions.n, sizeof(*m->functions.data), by_start);
	keep_last(m);
	return m;
}

struct perf_map *perf_map_new(const void *data, size_t len)
{
	char *text = malloc(len + 1);

	if (text)
		memcpy(text, data, len);
	return index_text(text, len);
}

struct perf_map *perf_map_read(int fd)
{
	struct stat st;
	size_t len = 0, size;
	ssize_t got = 1;
	char *text;

	if (fstat(fd, &st))
		return NULL;
	size = st.st_size > MAX_FILE ? MAX_FILE : (size_t)st.st_size;
	text = malloc(size + 1);
	while (text && len < size && got > 0) {
		got = pread(fd, text + len, size - len, (off_t)len);
		len += got > 0 ? (size_t)got : 0;
	}
	return index_text(text, len);
}

void perf_map_free(struct perf_map *m)
{
	if (!m)
		return;
	vec_free(&m->functions);
	free(m->text);
	free(m);
}

size_t perf_map_count(const struct perf_map *m)
{
	return m->functions.n;
}

const char *perf_map_at(const struct perf_map *m, uint64_t address)
{
	size_t low = 0, high = m->functions.n;
	const char *found = NULL;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->functions.data[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = 0; i < MAX_LOOKBACK && i < low; i++) {
		const struct function *f = &m->functions.data[low - 1 - i];

		if (address - f->start < f->size && f->name > found)
			found = f->name;
	}
	return found;
}
