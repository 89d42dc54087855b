/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * .gnu_debugdata: a small ELF file, packed with LZMA, in a stripped one. It has the names
 * of functions that are not exported (gdb's manual, "MiniDebugInfo").
 */
#ifndef ALLOCTAP_BINARY_MINI_DEBUG_H
#define ALLOCTAP_BINARY_MINI_DEBUG_H

#include <stddef.h>
#include <stdint.h>

/* Far more than any has: one of 200,000 names has about 16 MB. */
#define MINI_DEBUG_MAX (64u << 20)

/*
 * Unpacks @len bytes of such a section. *@out is the caller's to free. 0; -EBADMSG damaged or
 * cut short; -EFBIG more than MINI_DEBUG_MAX; -ENOMEM.
 */
int mini_debug_unpack(const void *data, size_t len, uint8_t **out, size_t *out_len);

#endif
