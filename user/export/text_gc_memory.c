// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* How processes grew beside their collections: lines of the head of text_gc.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "export/text_views.h"
#include "report/gc_memory.h"

/* A line about @target, which is named where there are several. */
static int print_line(const struct text *t, const char *what, uint32_t target, const char *figures)
{
	__auto_free char *line = NULL;

	if (t->p->n_targets > 1 &&
	    asprintf(&line, "pid %u: %s", t->p->targets[target].pid, figures) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	fprintf(t->out, "%-*s", TEXT_GC_INDENT, what);
	text_wrapped(t, TEXT_GC_INDENT, line ? line : figures);
	return 0;
}

static int print_growth(const struct text *t, const char *what, const struct memory_growth *g)
{
	char first[32], last[32], peak[32], line[160];

	snprintf(line, sizeof(line), "%s resident at the start, %s at the end, %s at the most",
		 format_bytes(first, sizeof(first), g->first),
		 format_bytes(last, sizeof(last), g->last),
		 format_bytes(peak, sizeof(peak), g->peak));
	return print_line(t, what, g->target, line);
}

static int print_pool(const struct text *t, const char *what, const struct pool_use *u)
{
	__auto_free char *name = text_clean(t->p, u->name), *line = NULL;
	char before[32], after[32], freed[32], count[32];

	if (!name)
		return -ENOMEM;
	if (asprintf(&line, "%s: up to %s before and %s after %s collection%s, %s freed in all",
		     *name ? name : "[no name]",
		     format_bytes(before, sizeof(before), u->most_before),
		     format_bytes(after, sizeof(after), u->most_after),
		     format_count(count, sizeof(count), u->collections),
		     u->collections == 1 ? "" : "s",
		     format_bytes(freed, sizeof(freed), u->freed)) < 0) {
		line = NULL;
		return -ENOMEM;
	}
	return print_line(t, what, u->target, line);
}

static void print_more(const struct text *t, size_t shown, size_t n, const char *of)
{
	if (shown < n)
		fprintf(t->out, "%*sand %zu more %s\n", TEXT_GC_INDENT, "", n - shown, of);
}

int text_gc_memory_print(const struct text *t, const struct export_options *opts)
{
	struct gc_memory *m = gc_memory_new(t->p);
	size_t growths, pools;
	int err = 0;

	if (!m)
		return -ENOMEM;
	growths = text_rows(opts, m->n_growths);
	pools = text_rows(opts, m->n_pools);
	for (size_t i = 0; !err && i < growths; i++)
		err = print_growth(t, i ? "" : "memory", &m->growths[i]);
	print_more(t, growths, m->n_growths, "processes");
	for (size_t i = 0; !err && i < pools; i++)
		err = print_pool(t, i ? "" : "pools", &m->pools[i]);
	print_more(t, pools, m->n_pools, "pools");
	gc_memory_free(m);
	return err;
}
