/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of functions in DWARF, with the namespaces and classes around them. */
#ifndef ALLOCTAP_BINARY_DWARF_NAMES_H
#define ALLOCTAP_BINARY_DWARF_NAMES_H

#include <elfutils/libdw.h>
#include <stdint.h>

struct dwarf_names;

/* Entries visited are taken from @steps_left, which outlives it. NULL with errno ENOMEM. */
struct dwarf_names *dwarf_names_new(uint32_t *steps_left);
void dwarf_names_free(struct dwarf_names *n);
/*
 * The name of a function's or an inlined call's entry: "std::vector<int>::at", "main";
 * "" where it has none. Lives as long as @n, or its file.
 */
const char *dwarf_names_get(struct dwarf_names *n, Dwarf_Die *function);

#endif
