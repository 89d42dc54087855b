/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Suppressions as LeakSanitizer has them: a file with a line "leak:PATTERN" for
 * each, '#' before comments. A pattern is looked for anywhere in a name; '*' stands
 * for anything, '^' at its beginning for that of the name, '$' for its end.
 */
#ifndef ALLOCTAP_REPORT_SUPPRESSIONS_H
#define ALLOCTAP_REPORT_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>

struct suppressions;

/* NULL with errno set, the reason printed with @path and line: EINVAL, or what reading said. */
struct suppressions *suppressions_read(const char *path);
/* The same of text in memory; @name is for messages. The fuzzer's way in. */
struct suppressions *suppressions_parse(const char *name, const char *text, size_t len);
void suppressions_free(struct suppressions *s);

size_t suppressions_count(const struct suppressions *s);
/* As it was written, without "leak:". */
const char *suppressions_pattern(const struct suppressions *s, size_t i);
/* An empty name matches nothing. */
bool suppressions_match(const struct suppressions *s, size_t i, const char *name);

#endif
