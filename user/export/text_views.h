/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the text report can show below its head: one file per view. Each prints a
 * blank line, its table, and a row for what is not shown. 0 or -ENOMEM.
 */
#ifndef ALLOCTAP_EXPORT_TEXT_VIEWS_H
#define ALLOCTAP_EXPORT_TEXT_VIEWS_H

#include "export/text_parts.h"

typedef int (*text_view_fn)(const struct text *t, const struct export_options *opts);

int text_sites_print(const struct text *t, const struct export_options *opts);
int text_escapes_print(const struct text *t, const struct export_options *opts);
int text_types_print(const struct text *t, const struct export_options *opts);
int text_maps_print(const struct text *t, const struct export_options *opts);
int text_gc_print(const struct text *t, const struct export_options *opts);
int text_leaks_print(const struct text *t, const struct export_options *opts);

/* Behind the call sites, of recordings that have any of it. */
int text_processes_print(const struct text *t, const struct export_options *opts);
int text_space_print(const struct text *t, const struct export_options *opts);

/* Where the text of the head of the view of collections begins. */
#define TEXT_GC_INDENT 13
/* Its lines of memory; nothing where none was recorded. */
int text_gc_memory_print(const struct text *t, const struct export_options *opts);

/* Of the type in @opts, instead of a table. -EINVAL, -EBADMSG: see type_layout_new(). */
int text_layout_print(const struct text *t, const struct export_options *opts);

#endif
