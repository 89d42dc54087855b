// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table's layout (Linux Standard Base, .eh_frame_hdr): version 1, three
 * encodings, then .eh_frame's address, the number of rows, the rows sorted by
 * function. Linkers write the encodings below and no others.
 */
#include "binary/eh_index.h"

#define ENCODING_PCREL_SDATA4   0x1b
#define ENCODING_UDATA4         0x03
#define ENCODING_DATAREL_SDATA4 0x3b
#define ROW_BYTES               8
/* Of an FDE: its length, its CIE, then where the function begins and its size. */
#define FDE_SIZE_AT 12

struct eh_index eh_index_open(const struct elf_file *f)
{
	const struct elf_section *s = elf_file_section(f, ".eh_frame_hdr");
	struct eh_index index = {0};
	struct cursor c;
	uint32_t encodings;

	if (!s)
		return index;
	c = elf_file_section_bytes(f, s);
	encodings = cursor_u32(&c);
	cursor_skip(&c, 4); /* where .eh_frame is */
	if (encodings != (1u | ENCODING_PCREL_SDATA4 << 8 | ENCODING_UDATA4 << 16 |
			  (uint32_t)ENCODING_DATAREL_SDATA4 << 24))
		return index;
	index.n = cursor_u32(&c);
	if (index.n > cursor_left(&c) / ROW_BYTES)
		index.n = cursor_left(&c) / ROW_BYTES;
	index.table = cursor_sub(&c, c.pos, index.n * ROW_BYTES);
	index.vaddr = s->vaddr;
	index.elf = f;
	return index;
}

/* The number in column @column of row @i; both are relative to the table's section. */
static uint64_t cell(const struct eh_index *index, size_t i, size_t column)
{
	struct cursor c = index->table;

	cursor_seek(&c, i * ROW_BYTES + 4 * column);
	return index->vaddr + (uint64_t)(int64_t)cursor_i32(&c);
}

bool eh_index_around(const struct eh_index *index, uint64_t vaddr, uint64_t *first, uint64_t *end)
{
	size_t low = 0, high = index->n;
	struct cursor fde;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cell(index, middle, 0) <= vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	*first = cell(index, low - 1, 0);
	fde = elf_file_vaddr_bytes(index->elf, cell(index, low - 1, 1));
	cursor_skip(&fde, FDE_SIZE_AT);
	*end = *first + cursor_u32(&fde);
	return cursor_ok(&fde) && vaddr >= *first && vaddr < *end;
}
