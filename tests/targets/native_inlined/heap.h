/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>

void *mi_malloc(size_t size);
void *mi_zalloc(size_t size);

#endif
