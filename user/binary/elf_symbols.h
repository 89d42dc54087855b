/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Function symbols of .symtab and .dynsym: addresses to names and back. */
#ifndef ALLOCTAP_BINARY_ELF_SYMBOLS_H
#define ALLOCTAP_BINARY_ELF_SYMBOLS_H

#include "binary/elf_file.h"

struct elf_symbols;

struct elf_symbol {
	const char *name; /* points into the file */
	uint64_t vaddr, size;
};

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
