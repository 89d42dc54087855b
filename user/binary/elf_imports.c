// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "binary/elf_imports.h"
#include "binary/name_table.h"

/* Real files have some thousands. Keeps a file of nothing but relocations from taking all there is. */
#define MAX_IMPORTS (1u << 20)

struct import {
	uint64_t vaddr;
	const char *name; /* NULL: the file's own */
	uint64_t own;
};

struct elf_imports {
	VEC(struct import) all; /* by address */
};

static const char *symbol_name(const struct cursor *symbols, const struct name_table *names,
			       uint64_t index)
{
	struct cursor c;

	if (index > symbols->len / sizeof(Elf64_Sym))
		return NULL;
	c = cursor_sub(symbols, index * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
	return cursor_ok(&c) ? name_table_at(names, cursor_u32(&c)) : NULL;
}

/* Programs have some 100,000 words with addresses of their own: calls go through few. */
static bool is_called_through(const struct elf_section *got, uint64_t vaddr)
{
	return got && vaddr >= got->vaddr && vaddr - got->vaddr < got->size;
}

static int read_relocations(struct elf_imports *imports, struct cursor c,
			    const struct cursor *symbols, const struct name_table *names,
			    const struct elf_section *got)
{
	while (cursor_left(&c) >= sizeof(Elf64_Rela) && imports->all.n < MAX_IMPORTS) {
		struct import import = {.vaddr = cursor_u64(&c)};
		uint64_t info = cursor_u64(&c);
		uint32_t type = ELF64_R_TYPE(info);

		uint64_t addend = cursor_u64(&c);

		if (type == R_X86_64_RELATIVE && is_called_through(got, import.vaddr))
			import.own = addend;
		else if (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT ||
			 type == R_X86_64_64)
			import.name = symbol_name(symbols, names, ELF64_R_SYM(info));
		if ((import.own || (import.name && *import.name)) &&
		    vec_push(&imports->all, import))
			return -ENOMEM;
	}
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct import *x = a, *y = b;

	return x->vaddr < y->vaddr ? -1 : x->vaddr > y->vaddr;
}

struct elf_imports *elf_imports_new(const struct elf_file *f)
{
	const struct elf_section *symbols = elf_file_section(f, ".dynsym");
	const struct elf_section *strings = elf_file_section(f, ".dynstr");
	const struct elf_section *got = elf_file_section(f, ".got");
	struct elf_imports *imports = calloc(1, sizeof(*imports));
	struct cursor table, text;
	struct name_table names;

	if (!imports || !symbols || !strings || elf_file_machine(f) != EM_X86_64)
		return imports;
	table = elf_file_section_bytes(f, symbols);
	text = elf_file_section_bytes(f, strings);
	names = name_table_make(&text);
	for (size_t i = 0; i < elf_file_n_sections(f); i++) {
		const struct elf_section *s = elf_file_section_at(f, i);

		if (s->type == SHT_RELA &&
		    read_relocations(imports, elf_file_section_bytes(f, s), &table, &names, got)) {
			elf_imports_free(imports);
			errno = ENOMEM;
			return NULL;
		}
	}
	if (imports->all.n)
		qsort(imports->all.data, imports->all.n, sizeof(*imports->all.data), by_address);
	return imports;
}

void elf_imports_free(struct elf_imports *imports)
{
	if (!imports)
		return;
	vec_free(&imports->all);
	free(imports);
}

static const struct import *find(const struct elf_imports *imports, uint64_t vaddr)
{
	size_t low = 0, high = imports->all.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (imports->all.data[middle].vaddr < vaddr)
			low = middle + 1;
		else
			high = middle;
	}
	return low < imports->all.n && imports->all.data[low].vaddr == vaddr
		       ? &imports->all.data[low]
		       : NULL;
}

const char *elf_imports_at(const struct elf_imports *imports, uint64_t vaddr)
{
	const struct import *import = find(imports, vaddr);

	return import ? import->name : NULL;
}

uint64_t elf_imports_own_at(const struct elf_imports *imports, uint64_t vaddr)
{
	const struct import *import = find(imports, vaddr);

	return import ? import->own : 0;
}
