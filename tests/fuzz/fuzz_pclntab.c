// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Go's function tables in an ELF file of any bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "binary/go_binary.h"

#define MAX_FUNCS  64 /* that are asked for frames: keeps an input's work within bounds */
#define MAX_FRAMES 160

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Strings must lie in the input, their end included. */
static void require_inside(const char *s, const uint8_t *data, size_t size)
{
	const uint8_t *p = (const uint8_t *)s;

	require(!*s || (p >= data && p < data + size && strnlen(s, 256) <= size));
}

static void ask_frames(const struct go_binary *b, uint64_t vaddr, const uint8_t *data, size_t size)
{
	struct go_frame frames[MAX_FRAMES];
	size_t n = go_binary_frames(b, vaddr, frames, MAX_FRAMES);

	require(n <= MAX_FRAMES);
	for (size_t i = 0; i < n; i++) {
		require_inside(frames[i].name, data, size);
		require_inside(frames[i].file, data, size);
		require(frames[i].inlined == (i + 1 < n));
	}
}

static void count_function(const struct go_func *f, void *ctx)
{
	require(f->entry < f->end || f->end < f->entry); /* may wrap, is never empty */
	++*(size_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *f = elf_file_open_mem(data, size, "fuzz");
	const char *why = NULL;
	struct go_binary *b;
	size_t found = 0;

	if (!f)
		return 0;
	b = go_binary_open(f, &why);
	require(!b == !!why);
	if (!b) {
		require(errno == ENOEXEC || errno == ENOTSUP || errno == EBADMSG);
		elf_file_free(f);
		return 0;
	}
	for (size_t i = 0; i < go_binary_n_funcs(b) && i < MAX_FUNCS; i++) {
		struct go_func func;

		if (!go_binary_func(b, i, &func))
			continue;
		require_inside(func.name, data, size);
		ask_frames(b, func.entry, data, size);
		ask_frames(b, func.entry + (func.end - func.entry) / 2, data, size);
		ask_frames(b, func.end - 1, data, size);
		go_binary_func_at(b, func.entry + 1, &func);
	}
	require(go_binary_find_prefix(b, "runtime.", count_function, &found) == found);
	go_binary_find_funcs(b, "runtime.mallocgc", count_function, &found);
	go_binary_free(b);
	elf_file_free(f);
	return 0;
}
