// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* ELF headers, notes, sections and symbols of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "binary/elf_pointers.h"
#include "binary/elf_symbols.h"

#define MAX_ASKED 64 /* sections, addresses, pointers: keeps an input's work within bounds */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void ask_sections(const struct elf_file *f)
{
	for (size_t i = 0; i < elf_file_n_sections(f) && i < MAX_ASKED; i++) {
		const struct elf_section *s = elf_file_section_at(f, i);
		struct cursor c = elf_file_section_bytes(f, s);

		require(strnlen(s->name, 4096) <= 4096);
		if (cursor_left(&c)) {
			cursor_skip(&c, cursor_left(&c) - 1);
			cursor_u8(&c);
			require(cursor_ok(&c));
		}
		require(elf_file_section(f, s->name) != NULL);
	}
}

static void ask_addresses(const struct elf_file *f)
{
	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);
		struct cursor c = elf_file_vaddr_bytes(f, s->vaddr);
		uint64_t offset, vaddr, words[8];

		cursor_u64(&c);
		if (!elf_file_vaddr_to_offset(f, s->vaddr, &offset))
			require(!elf_file_offset_to_vaddr(f, offset, &vaddr));
		elf_pointers_read(f, s->vaddr, words, sizeof(words));
	}
}

static void ask_symbols(const struct elf_file *f)
{
	struct elf_symbols *symbols = elf_symbols_new(f);

	require(symbols != NULL);
	for (size_t i = 0; i < elf_file_n_segments(f) && elf_symbols_count(symbols); i++) {
		uint64_t first = elf_file_segment(f, i)->vaddr;

		for (uint64_t vaddr = first; vaddr - first < MAX_ASKED; vaddr++) {
			const struct elf_symbol *s = elf_symbols_at(symbols, vaddr);

			require(!s || vaddr - s->vaddr < s->size);
		}
	}
	elf_symbols_find(symbols, "malloc");
	elf_symbols_free(symbols);
}

static bool count_pointer(uint64_t slot, uint64_t value, void *ctx)
{
	(void)slot;
	(void)value;
	return ++*(size_t *)ctx == MAX_ASKED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *f = elf_file_open_mem(data, size, "fuzz");
	size_t pointers = 0;

	if (!f)
		return 0;
	require(strlen(elf_file_build_id(f)) % 2 == 0);
	ask_sections(f);
	ask_addresses(f);
	ask_symbols(f);
	elf_pointers_search(f, 0x400000, 0x500000, count_pointer, &pointers);
	elf_file_free(f);
	return 0;
}
