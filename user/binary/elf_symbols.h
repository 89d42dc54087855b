/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Function symbols of .symtab, or what .gnu_debugdata has of it, and of .dynsym: addresses to
 * names and back.
 */
#ifndef ALLOCTAP_BINARY_ELF_SYMBOLS_H
#define ALLOCTAP_BINARY_ELF_SYMBOLS_H

#include "binary/elf_file.h"

struct elf_symbols;

struct elf_symbol {
	const char *name; /* points into the file */
	uint64_t vaddr, size;
};

/*
 * Every function symbol as the tables have them, some twice, sizes of 0 among
 * them, without a table being made; @info is st_info. Ends early, with what @fn
 * returned, where that is not 0.
 */
typedef int (*elf_symbol_fn)(const struct elf_symbol *symbol, uint8_t info, void *ctx);
int elf_symbols_each(const struct elf_file *f, elf_symbol_fn fn, void *ctx);

/* Has it no names but those it exports? */
bool elf_symbols_are_stripped(const struct elf_file *f);

/* NULL with errno ENOMEM. A file without symbols gives an empty table. */
struct elf_symbols *elf_symbols_new(const struct elf_file *f);
void elf_symbols_free(struct elf_symbols *s);
size_t elf_symbols_count(const struct elf_symbols *s);
/*
 * The function around @vaddr, or NULL. Sizeless symbols (assembly) reach to the
 * next symbol. Of aliases the global, then the shortest name wins.
 */
const struct elf_symbol *elf_symbols_at(const struct elf_symbols *s, uint64_t vaddr);
const struct elf_symbol *elf_symbols_find(const struct elf_symbols *s, const char *name);

#endif
