// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Perf maps: whatever is found at an address, its name is a line's end. */
#include <stdint.h>
#include <string.h>

#include "binary/perf_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perf_map *m = perf_map_new(data, size);
	uint64_t address = 0;

	for (size_t i = 0; m && i < size; i++) {
		const char *name;

		/* The bytes of the text as hex digits: addresses near those it has. */
		address = address << 4 | (data[i] & 15);
		name = perf_map_at(m, address);
		if (name && (!*name || !memmem(data, size, name, strlen(name))))
			__builtin_trap();
	}
	perf_map_free(m);
	return 0;
}
