/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What functions are called where there is little room. */
#ifndef ALLOCTAP_EXPORT_FUNCTION_NAME_H
#define ALLOCTAP_EXPORT_FUNCTION_NAME_H

#include "profile/profile.h"

/*
 * C++'s and Rust's without parameters and with template arguments cut,
 * "std::vector<...>::push_back"; others are as they are. Not cleaned. The caller's to
 * free; NULL: no memory.
 */
char *function_short_name(const struct profile *p, uint32_t function);

#endif
