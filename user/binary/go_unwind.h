/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where Go and C change over to each other: three functions of the runtime that
 * neither frame pointers nor .eh_frame get a walk across.
 */
#ifndef ALLOCTAP_BINARY_GO_UNWIND_H
#define ALLOCTAP_BINARY_GO_UNWIND_H

#include "binary/go_binary.h"
#include "binary/unwind_table.h"

/* May @f be a Go program? Says so quickly; go_binary_open() knows. */
bool go_unwind_wanted(const struct elf_file *f);
/* Adds their rules. 0 or -ENOMEM. */
int go_unwind_add(struct unwind_builder *b, const struct elf_file *f, const struct go_binary *go);

#endif
