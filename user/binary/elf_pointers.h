/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Pointers in a program's data, as the loader will leave them (less the load bias). */
#ifndef ALLOCTAP_BINARY_ELF_POINTERS_H
#define ALLOCTAP_BINARY_ELF_POINTERS_H

#include "binary/elf_file.h"

/* @slot is the address of the pointer, @value what it points to; true ends the search. */
typedef bool (*elf_pointer_fn)(uint64_t slot, uint64_t value, void *ctx);

/*
 * Calls @visit for every aligned word in writable data whose value lies in
 * [@first, @last]. True if a call returned true.
 */
bool elf_pointers_search(const struct elf_file *f, uint64_t first, uint64_t last,
			 elf_pointer_fn visit, void *ctx);

/*
 * Copies @len bytes at @vaddr with relocations applied. 0, or -ENOENT where the
 * file does not back them all.
 */
int elf_pointers_read(const struct elf_file *f, uint64_t vaddr, void *buf, size_t len);

#endif
