/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a test's subject says on stderr, kept instead of shown. */
#ifndef ALLOCTAP_TESTS_CAPTURE_H
#define ALLOCTAP_TESTS_CAPTURE_H

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

struct capture {
	int saved;
	FILE *log;
};

static inline struct capture capture_begin(void)
{
	struct capture c = {.saved = dup(STDERR_FILENO), .log = tmpfile()};

	assert(c.saved >= 0 && c.log);
	fflush(stderr);
	dup2(fileno(c.log), STDERR_FILENO);
	return c;
}

/* Shows stderr again; what was said meanwhile goes to @said. */
static inline void capture_end(struct capture *c, char *said, size_t size)
{
	fflush(stderr);
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	rewind(c->log);
	said[fread(said, 1, size - 1, c->log)] = 0;
	fclose(c->log);
}

#endif
