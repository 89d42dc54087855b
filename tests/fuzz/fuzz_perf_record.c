// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Records of the kernel, one after the other, of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "target/perf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perf_record r;
	size_t n;

	while ((n = perf_record_parse(data, size, &r))) {
		require(n <= size);
		if (r.kind == PERF_RECORD_MAPPED) {
			const uint8_t *path = (const uint8_t *)r.map.path;

			/* The path lies in the record, its end included. */
			require(path >= data && path < data + n);
			require(memchr(path, 0, (size_t)(data + n - path)) != NULL);
			require(r.map.executable && r.map.end > r.map.start);
		}
		data += n;
		size -= n;
	}
	require(r.kind == PERF_RECORD_OTHER);
	return 0;
}
