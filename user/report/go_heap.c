// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <string.h>

#include "binary/go_version.h"
#include "probe/go_runtime.h"
#include "report/go_heap.h"

/* runtime/malloc.go: maxTinySize, mallocHeaderSize; spans are whole pages of 8 KiB. */
#define TINY_SIZE   16
#define HEADER_SIZE 8
#define PAGE_SIZE   8192

struct go_heap go_heap_of(const struct profile *p, uint32_t target)
{
	const char *text = target < p->n_targets ? profile_str(p, p->targets[target].version) : "";
	const struct go_runtime *runtime = NULL;
	struct go_version version;

	if (go_version_parse(text, strlen(text), &version))
		runtime = go_runtime_find(version.minor);
	if (!runtime)
		return (struct go_heap){0};
	return (struct go_heap){
		.minor = runtime->minor,
		.header_above = runtime->layout.malloc_header_above,
		.small_max = runtime->layout.small_max,
	};
}

uint64_t go_heap_bytes(const struct go_heap *h, uint64_t size, bool pointers)
{
	if (!h->minor || !size || size > UINT64_MAX - PAGE_SIZE)
		return size;
	if (size > h->small_max)
		return (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
	if (size < TINY_SIZE && !pointers)
		return TINY_SIZE;
	if (pointers && h->header_above && size > h->header_above)
		size += HEADER_SIZE;
	return go_size_class(size);
}
