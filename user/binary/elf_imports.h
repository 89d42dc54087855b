/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The words of a file that the dynamic loader fills with the address of a named function,
 * or, in the table that code calls through (.got), of one of its own.
 */
#ifndef ALLOCTAP_BINARY_ELF_IMPORTS_H
#define ALLOCTAP_BINARY_ELF_IMPORTS_H

#include "binary/elf_file.h"

struct elf_imports;

/* NULL with errno ENOMEM. A file without any gives an empty table. */
struct elf_imports *elf_imports_new(const struct elf_file *f);
void elf_imports_free(struct elf_imports *imports);
/* The name of what the word at @vaddr will point to, or NULL. It points into the file. */
const char *elf_imports_at(const struct elf_imports *imports, uint64_t vaddr);
/* The file's own address that the word at @vaddr will hold; 0: none. */
uint64_t elf_imports_own_at(const struct elf_imports *imports, uint64_t vaddr);

#endif
