/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Parts of a profile. Those that the report and the page write alike name their
 * keys themselves; rows of tables are members of an object that the caller began.
 */
#ifndef ALLOCTAP_EXPORT_JSON_PARTS_H
#define ALLOCTAP_EXPORT_JSON_PARTS_H

#include "export/json_writer.h"
#include "profile/profile.h"
#include "export/exporter.h"
#include "report/gc.h"
#include "report/leaks.h"
#include "report/maps.h"
#include "report/processes.h"
#include "report/types.h"

/* "targets": [...], with what each allocated where @sums, by target, is not NULL. */
void json_targets(struct json_writer *w, const struct profile *p, const struct process_table *sums);
/* "cost": {...} */
void json_cost(struct json_writer *w, const struct profile_cost *c);
/* "func", "file", "line": what a row about a call site begins with. */
void json_line(struct json_writer *w, const struct profile *p, struct profile_line line);
/* "types": [...]: json_types.c. 0 or -ENOMEM. */
int json_types(struct json_writer *w, const struct profile *p);
/* "escapes": [...]: json_escapes.c. 0 or -ENOMEM. */
int json_escapes(struct json_writer *w, const struct profile *p);
/* "layout": {...}, of one type. 0, -ENOMEM, or as type_layout_new() has it. */
int json_layout(struct json_writer *w, const struct profile *p, uint32_t type);
/* What is said of a map besides its type and where it is inserted into. */
void json_map_members(struct json_writer *w, const struct profile *p, const struct map_row *r);
/* How a struct is laid out, which @row (maybe of no objects) is the allocations of. */
void json_layout_members(struct json_writer *w, const struct profile *p,
			 const struct type_layout *l, const struct type_row *row);
/* "maps": [...]: json_maps.c. 0 or -ENOMEM. */
int json_maps(struct json_writer *w, const struct profile *p);
/* "address_space": {...}, of recordings that have any: json_space.c. 0 or -ENOMEM. */
int json_space(struct json_writer *w, const struct profile *p);
/* "leaks": {...}, of recordings of the live heap: json_leaks.c. 0 or -ENOMEM. */
int json_leaks(struct json_writer *w, const struct profile *p, const struct export_options *opts);
/* Of all that lives, what is not rows. */
void json_leaks_members(struct json_writer *w, const struct profile *p, const struct leak_table *t,
			const struct suppressions *suppressions);
/* What is said of a row besides its site and its stack. */
void json_leak_members(struct json_writer *w, const struct leak_table *t, const struct leak_row *r);
/* "gc": {...}, of recordings that have collections: json_gc.c. 0 or -ENOMEM. */
int json_gc(struct json_writer *w, const struct profile *p);
/* "totals": {...}, "reasons": [...] and "patterns": [...], of collections. */
void json_gc_totals(struct json_writer *w, const struct gc_report *r);
void json_gc_reasons(struct json_writer *w, const struct profile *p, const struct gc_report *r);
void json_gc_patterns(struct json_writer *w, const struct gc_report *r);

#endif
