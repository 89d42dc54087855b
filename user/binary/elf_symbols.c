// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * One array of all functions of .symtab and .dynsym, sorted by address, aliases
 * of an address side by side with the best name first. The two tables overlap,
 * so equal entries are dropped after sorting. A stripped file may have a part of
 * its .symtab left in .gnu_debugdata.
 *
 * What counts as a function: FUNC and IFUNC, and NOTYPE in code, which is what
 * hand-written assembly without .type leaves behind; but neither the compiler's
 * local labels nor arm64's mapping symbols ($x, $d).
 *
 * There is no index by name: a name is looked for a few dozen times per program,
 * and a walk over 200,000 names takes about a millisecond.
 */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "binary/elf_symbols.h"
#include "binary/name_table.h"

/* How many lower addresses are asked whether they reach over a nested symbol. */
#define MAX_LOOKBACK 32
/* How much of a name counts in sorting; bounds the time a hostile file can take. */
#define MAX_COMPARED 512

struct entry {
	struct elf_symbol symbol;
	uint32_t name_len; /* at most MAX_COMPARED */
	bool local;
};

struct elf_symbols {
	VEC(struct entry) entries;
};

/* The end of the executable segment around @vaddr, 0 if there is none. */
static uint64_t code_end(const struct elf_file *f, uint64_t vaddr)
{
	for (size_t i = 0; i < elf_file_n_segments(f); i++) {
		const struct elf_segment *s = elf_file_segment(f, i);

		if ((s->flags & PF_X) && vaddr >= s->vaddr && vaddr - s->vaddr < s->memsz)
			return s->vaddr + s->memsz;
	}
	return 0;
}

/* Linker-made marks such as etext stand at the very end of their section. */
static bool is_outside_section(const struct elf_file *f, uint32_t index, uint64_t vaddr)
{
	const struct elf_section *s = elf_file_section_at(f, index);

	return s && (vaddr < s->vaddr || vaddr - s->vaddr >= s->size);
}

static bool is_function(const char *name, unsigned int type)
{
	if (!name || !*name)
		return false;
	if (type == STT_NOTYPE)
		return *name != '$' && strncmp(name, ".L", 2) != 0;
	return type == STT_FUNC || type == STT_GNU_IFUNC;
}

/* @holder has the table: @f, or what is packed in it. */
static int read_symbol(const struct elf_file *f, const struct elf_file *holder, struct cursor *c,
		       const struct name_table *names, elf_symbol_fn fn, void *ctx)
{
	uint32_t name_offset = cursor_u32(c);
	uint8_t info = cursor_u8(c);
	struct elf_symbol symbol;
	uint16_t section;
	uint64_t end;

	cursor_skip(c, 1); /* st_other */
	section = cursor_u16(c);
	symbol.vaddr = cursor_u64(c);
	symbol.size = cursor_u64(c);
	symbol.name = name_table_at(names, name_offset);

	if (section == SHN_UNDEF || !is_function(symbol.name, ELF64_ST_TYPE(info)))
		return 0;
	end = code_end(f, symbol.vaddr);
	if (!end || is_outside_section(holder, section, symbol.vaddr))
		return 0;
	if (symbol.size > end - symbol.vaddr)
		symbol.size = end - symbol.vaddr;
	return fn(&symbol, info, ctx);
}

static const struct elf_section *section_of_type(const struct elf_file *f, uint32_t type)
{
	for (size_t i = 0; i < elf_file_n_sections(f); i++) {
		if (elf_file_section_at(f, i)->type == type)
			return elf_file_section_at(f, i);
	}
	return NULL;
}

static int read_table(const struct elf_file *f, const struct elf_file *holder, uint32_t type,
		      const char *strings, elf_symbol_fn fn, void *ctx)
{
	const struct elf_section *table = section_of_type(holder, type);
	const struct elf_section *names_section = elf_file_section(holder, strings);
	struct name_table names;
	struct cursor c;

	if (!table || !names_section)
		return 0;
	c = elf_file_section_bytes(holder, names_section);
	names = name_table_make(&c);
	c = elf_file_section_bytes(holder, table);
	while (cursor_left(&c) >= sizeof(Elf64_Sym)) {
		int err = read_symbol(f, holder, &c, &names, fn, ctx);

		if (err)
			return err;
	}
	return 0;
}

static const struct elf_file *symtab_holder(const struct elf_file *f)
{
	const struct elf_file *mini = NULL;

	if (!section_of_type(f, SHT_SYMTAB))
		mini = elf_file_mini_debug(f);
	return mini ? mini : f;
}

bool elf_symbols_are_stripped(const struct elf_file *f)
{
	return !section_of_type(symtab_holder(f), SHT_SYMTAB);
}

int elf_symbols_each(const struct elf_file *f, elf_symbol_fn fn, void *ctx)
{
	int err = read_table(f, symtab_holder(f), SHT_SYMTAB, ".strtab", fn, ctx);

	return err ? err : read_table(f, f, SHT_DYNSYM, ".dynstr", fn, ctx);
}

static int add_entry(const struct elf_symbol *symbol, uint8_t info, void *ctx)
{
	struct elf_symbols *s = ctx;
	struct entry e = {.symbol = *symbol, .local = ELF64_ST_BIND(info) == STB_LOCAL};

	e.name_len = (uint32_t)strnlen(symbol->name, MAX_COMPARED);
	return vec_push(&s->entries, e);
}

static int by_address(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->symbol.vaddr != y->symbol.vaddr)
		return x->symbol.vaddr < y->symbol.vaddr ? -1 : 1;
	if (x->local != y->local)
		return x->local ? 1 : -1;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return memcmp(x->symbol.name, y->symbol.name, x->name_len);
}

static bool is_same(const struct entry *a, const struct entry *b)
{
	return a->name_len < MAX_COMPARED && !by_address(a, b);
}

static void drop_duplicates(struct elf_symbols *s)
{
	struct entry *e = s->entries.data;
	size_t n = 0;

	for (size_t i = 0; i < s->entries.n; i++) {
		if (!n || !is_same(&e[n - 1], &e[i]))
			e[n++] = e[i];
	}
	s->entries.n = n;
}

/* Aliases share the largest size among them; where none has one, the next symbol ends them. */
static void fill_in_sizes(struct elf_symbols *s, const struct elf_file *f)
{
	struct entry *e = s->entries.data;
	size_t n = s->entries.n;

	for (size_t i = 0, next; i < n; i = next) {
		uint64_t vaddr = e[i].symbol.vaddr;
		uint64_t size = 0;

		for (next = i; next < n && e[next].symbol.vaddr == vaddr; next++) {
			if (e[next].symbol.size > size)
				size = e[next].symbol.size;
		}
		if (!size) {
			uint64_t end = code_end(f, vaddr);

			if (next < n && e[next].symbol.vaddr < end)
				end = e[next].symbol.vaddr;
			size = end - vaddr;
		}
		while (i < next)
			e[i++].symbol.size = size;
	}
}

struct elf_symbols *elf_symbols_new(const struct elf_file *f)
{
	struct elf_symbols *s = calloc(1, sizeof(*s));

	if (!s || elf_symbols_each(f, add_entry, s))
		goto fail;
	if (s->entries.n)
		qsort(s->entries.data, s->entries.n, sizeof(*s->entries.data), by_address);
	drop_duplicates(s);
	fill_in_sizes(s, f);
	return s;
fail:
	elf_symbols_free(s);
	errno = ENOMEM;
	return NULL;
}

void elf_symbols_free(struct elf_symbols *s)
{
	if (!s)
		return;
	vec_free(&s->entries);
	free(s);
}

size_t elf_symbols_count(const struct elf_symbols *s)
{
	return s->entries.n;
}

/* How many entries begin below @vaddr. */
static size_t count_below(const struct elf_symbols *s, uint64_t vaddr)
{
	size_t low = 0, high = s->entries.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->entries.data[middle].symbol.vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct elf_symbol *elf_symbols_at(const struct elf_symbols *s, uint64_t vaddr)
{
	size_t end = vaddr == UINT64_MAX ? s->entries.n : count_below(s, vaddr + 1);

	for (size_t i = 0; i < MAX_LOOKBACK && end; i++) {
		size_t first = count_below(s, s->entries.data[end - 1].symbol.vaddr);
		const struct elf_symbol *symbol = &s->entries.data[first].symbol;

		if (vaddr - symbol->vaddr < symbol->size)
			return symbol;
		end = first;
	}
	return NULL;
}

const struct elf_symbol *elf_symbols_find(const struct elf_symbols *s, const char *name)
{
	for (size_t i = 0; i < s->entries.n; i++) {
		if (!strcmp(s->entries.data[i].symbol.name, name))
			return &s->entries.data[i].symbol;
	}
	return NULL;
}
