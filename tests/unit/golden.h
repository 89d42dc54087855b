/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Outputs compared with files under tests/golden/. UPDATE_GOLDEN=1 writes those anew
 * instead; look at the difference then.
 */
#ifndef ALLOCTAP_TESTS_GOLDEN_H
#define ALLOCTAP_TESTS_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* The @len bytes of @text, which ends with a NUL behind them, are those of file @name. */
static inline void golden_check(const char *name, const char *text, size_t len)
{
	bool update = getenv("UPDATE_GOLDEN");
	__auto_free char *golden = calloc(1, len + 2);
	char path[128];
	FILE *f;

	assert_non_null(golden);
	snprintf(path, sizeof(path), "tests/golden/%s", name);
	f = fopen(path, update ? "we" : "re");
	assert_non_null(f);
	if (update) {
		assert_int_equal(fwrite(text, 1, len, f), len);
	} else {
		assert_int_equal(fread(golden, 1, len + 1, f), len);
		assert_string_equal(text, golden);
	}
	fclose(f);
}

#endif
