// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Suppression files, and names to match: the input's first line is a name, the rest
 * the file. A pattern without wildcards must match as strstr() says.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/suppressions.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Our messages go nowhere; libFuzzer's and the sanitisers' do not use stdio. */
	stderr = fopen("/dev/null", "w");
	return 0;
}

static void check(const struct suppressions *s, const char *name)
{
	for (size_t i = 0; i < suppressions_count(s); i++) {
		const char *pattern = suppressions_pattern(s, i);
		bool match = suppressions_match(s, i, name);

		if (!strpbrk(pattern, "*^$") && match != (*name && strstr(name, pattern)))
			abort();
		if (match && !*name)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	char *name = strndup((const char *)data, len);
	struct suppressions *s = suppressions_parse("x.supp", (const char *)data + len, size - len);

	if (s && name)
		check(s, name);
	suppressions_free(s);
	free(name);
	return 0;
}
