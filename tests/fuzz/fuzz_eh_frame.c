// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The unwind table of an ELF file of any bytes: whole in itself, whatever they say. */
#include <stdlib.h>

#include "binary/eh_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_page(const struct unwind_table *t, size_t i)
{
	const struct unwind_page *page = &t->pages[i];

	require(page->first <= t->n_rows && page->n <= t->n_rows - page->first);
	for (uint32_t j = 0; j < page->n; j++) {
		const struct unwind_row *row = &t->rows[page->first + j];

		require(row->rule < t->n_rules);
		require(!j || row[-1].pc < row->pc);
		require(unwind_table_find(t, t->first + (i << UNWIND_PAGE_SHIFT) + row->pc) ==
			&t->rules[row->rule]);
	}
}

static void check(const struct unwind_table *t)
{
	size_t rows = 0;

	require(t->n_rules >= 1 && t->rules[0].cfa == UNWIND_CFA_NONE);
	for (size_t i = 0; i < t->n_rules; i++)
		require(t->rules[i].cfa < UNWIND_CFA_MAX && t->rules[i].fp < UNWIND_FP_MAX);
	for (size_t i = 0; i < t->n_pages; i++) {
		require(t->pages[i].first == rows);
		rows += t->pages[i].n;
		check_page(t, i);
	}
	require(rows == t->n_rows);
	require(unwind_table_find(t, t->first - 1) == t->rules);
	require(unwind_table_find(t, UINT64_MAX) == t->rules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *f = elf_file_open_mem(data, size, "fuzz");
	struct unwind_table *t = f ? eh_frame_read(f, NULL) : NULL;

	if (t)
		check(t);
	unwind_table_free(t);
	elf_file_free(f);
	return 0;
}
