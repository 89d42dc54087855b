// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Collections, as the page shows them: the report (report/gc.h), and what its
 * timeline draws, as columns. An hour of bins is 360,000 of them: those of all
 * processes are added up, empty ones are told as gaps between the others, and
 * from BINS_MAX on several are made one.
 */
#include <errno.h>
#include <stdlib.h>

#include "export/html_page.h"
#include "export/json_parts.h"
#include "report/gc.h"

/* A little more than an hour of them, in 5 MB of a page. */
#define BINS_MAX 400000

/* A column without elements is one of zeros. */
#define WRITE_SPARSE(w, key, array, count, value)                             \
	do {                                                                  \
		uint64_t sparse_any = 0;                                      \
                                                                              \
		for (size_t i = 0; i < (count); i++) {                        \
			const __typeof__(*(array)) *e = &(array)[i];          \
			sparse_any |= (uint64_t)(value);                      \
		}                                                             \
		WRITE_COLUMN(w, key, array, sparse_any ? (count) : 0, value); \
	} while (0)

struct bin {
	uint64_t objects, bytes;
};

/* --- the report -------------------------------------------------------------------- */

/* Of call sites or, where @types, of types; fractions of nanoseconds are not told. */
static int write_shares(struct page *page, struct json_writer *w, const struct gc_share *shares,
			size_t n, bool types)
{
	json_object(w, types ? "types" : "sites");
	json_array(w, "of");
	for (size_t i = 0; i < n; i++) {
		uint32_t number;
		int err = types ? page_type(page, 0, 0, shares[i].type, &number)
				: page_site(page, 0, shares[i].line, &number);

		if (err)
			return err;
		json_uint(w, NULL, number);
	}
	json_end(w);
	WRITE_COLUMN(w, "bytes", shares, n, e->bytes);
	WRITE_COLUMN(w, "pause", shares, n, (uint64_t)e->pause_ns);
	WRITE_COLUMN(w, "worst", shares, n, (uint64_t)e->worst_pause_ns);
	WRITE_COLUMN(w, "assist", shares, n, (uint64_t)e->assist_ns);
	WRITE_SPARSE(w, "paid", shares, n, e->assist_paid_ns);
	WRITE_SPARSE(w, "inserts", shares, n, e->inserts);
	json_array(w, "caused");
	for (size_t i = 0; i < n; i++)
		json_double(w, NULL, shares[i].cycles_caused);
	json_end(w);
	json_end(w);
	return 0;
}

static int write_report(struct page *page, struct json_writer *w)
{
	struct gc_report *r = gc_report_new(page->profiles[0]);
	int err;

	if (!r)
		return -ENOMEM;
	json_gc_totals(w, r);
	json_gc_reasons(w, page->profiles[0], r);
	json_gc_patterns(w, r);
	err = write_shares(page, w, r->sites, r->n_sites, false);
	if (!err)
		err = write_shares(page, w, r->types, r->n_types, true);
	gc_report_free(r);
	return err;
}

/* --- the timeline ------------------------------------------------------------------ */

/* A column of strings, as numbers into the page's; @field is a str_id of the elements. */
#define WRITE_STRINGS(page, w, key, array, count, field, err)                                   \
	do {                                                                                    \
		json_array(w, key);                                                             \
		for (size_t i = 0; i < (count); i++) {                                          \
			int64_t id =                                                            \
				strtab_add(&(page)->tree.tree->strings,                         \
					   profile_str((page)->profiles[0], (array)[i].field)); \
                                                                                                \
			if (id < 0)                                                             \
				(err) = -ENOMEM;                                                \
			json_uint(w, NULL, id < 0 ? 0 : (uint64_t)id);                          \
		}                                                                               \
		json_end(w);                                                                    \
	} while (0)

static int write_cycles(struct page *page, struct json_writer *w)
{
	const struct profile *p = page->profiles[0];
	const struct profile_gc_cycle *cycles = p->gc_cycles;
	size_t n = p->n_gc_cycles;
	int err = 0;

	json_object(w, "cycles");
	WRITE_SPARSE(w, "target", cycles, n, e->target);
	WRITE_COLUMN(w, "epoch", cycles, n, e->epoch);
	WRITE_COLUMN(w, "start", cycles, n, e->start_ns);
	WRITE_COLUMN(w, "end", cycles, n, e->end_ns);
	WRITE_SPARSE(w, "live", cycles, n, e->heap_live);
	WRITE_SPARSE(w, "goal", cycles, n, e->heap_goal);
	WRITE_SPARSE(w, "limit", cycles, n, e->memory_limit);
	WRITE_SPARSE(w, "trigger", cycles, n, e->trigger);
	WRITE_SPARSE(w, "sweep_start", cycles, n, e->sweep_start_ns);
	WRITE_SPARSE(w, "sweep_end", cycles, n, e->sweep_end_ns);
	json_array(w, "percent");
	for (size_t i = 0; i < n; i++)
		json_double(w, NULL, cycles[i].gc_percent);
	json_end(w);
	WRITE_STRINGS(page, w, "name", cycles, n, name, err);
	json_end(w);
	return err;
}

static int write_pauses(struct page *page, struct json_writer *w)
{
	const struct profile *p = page->profiles[0];
	const struct profile_gc_pause *pauses = p->gc_pauses;
	size_t n = p->n_gc_pauses;
	int err = 0;

	json_object(w, "pauses");
	WRITE_SPARSE(w, "target", pauses, n, e->target);
	WRITE_SPARSE(w, "epoch", pauses, n, e->epoch);
	WRITE_COLUMN(w, "start", pauses, n, e->start_ns);
	WRITE_COLUMN(w, "stopping", pauses, n, e->stopping_ns);
	WRITE_COLUMN(w, "stopped", pauses, n, e->stopped_ns);
	WRITE_SPARSE(w, "gc", pauses, n, e->gc);
	WRITE_STRINGS(page, w, "reason", pauses, n, reason, err);
	json_array(w, "site");
	for (size_t i = 0; !err && i < n; i++) {
		uint32_t site;

		err = page_site(page, 0, profile_stack_site(p, pauses[i].stack), &site);
		if (!err)
			json_uint(w, NULL, site);
	}
	json_end(w);
	json_end(w);
	return err;
}

static int write_pools(struct page *page, struct json_writer *w)
{
	const struct profile *p = page->profiles[0];
	const struct profile_gc_pool *pools = p->gc_pools;
	size_t n = p->n_gc_pools;
	int err = 0;

	json_object(w, "pools");
	WRITE_SPARSE(w, "target", pools, n, e->target);
	WRITE_COLUMN(w, "epoch", pools, n, e->epoch);
	WRITE_COLUMN(w, "before", pools, n, e->before);
	WRITE_COLUMN(w, "after", pools, n, e->after);
	WRITE_STRINGS(page, w, "name", pools, n, name, err);
	json_end(w);
	return err;
}

static void write_memory(struct json_writer *w, const struct profile *p)
{
	const struct profile_memory *rows = p->memory;
	size_t n = p->n_memory;

	json_object(w, "memory");
	WRITE_SPARSE(w, "target", rows, n, e->target);
	WRITE_COLUMN(w, "time", rows, n, e->time_ns);
	WRITE_COLUMN(w, "bytes", rows, n, e->bytes);
	WRITE_COLUMN(w, "peak", rows, n, e->peak);
	json_end(w);
}

/* Sums of @bins over all processes, by @width ns; the caller's to free. */
static struct bin *add_bins(const struct profile *p, uint64_t width, size_t n)
{
	struct bin *sums = calloc(n, sizeof(*sums));

	for (size_t i = 0; sums && i < p->n_bins; i++) {
		struct bin *sum = &sums[p->bins[i].time_ns / width];

		sum->objects += p->bins[i].objects;
		sum->bytes += p->bins[i].bytes;
	}
	return sums;
}

static void write_bin_columns(struct json_writer *w, struct bin *sums, size_t n)
{
	size_t kept = 0, gap = 0;

	json_array(w, "gap");
	for (size_t i = 0; i < n; i++) {
		if (!sums[i].objects && !sums[i].bytes) {
			gap++;
			continue;
		}
		json_uint(w, NULL, gap);
		gap = 0;
		sums[kept++] = sums[i];
	}
	json_end(w);
	WRITE_COLUMN(w, "bytes", sums, kept, e->bytes);
	WRITE_COLUMN(w, "objects", sums, kept, e->objects);
}

static int write_bins(struct json_writer *w, const struct profile *p)
{
	uint64_t last = 0, width;
	struct bin *sums;
	size_t n;

	for (size_t i = 0; i < p->n_bins; i++)
		last = p->bins[i].time_ns > last ? p->bins[i].time_ns : last;
	/* As many of them to one as are needed. */
	width = PROFILE_BIN_NS * (1 + last / PROFILE_BIN_NS / BINS_MAX);
	n = last / width + 1;
	sums = add_bins(p, width, n);
	if (!sums)
		return -ENOMEM;
	json_object(w, "bins");
	json_uint(w, "width", width);
	write_bin_columns(w, sums, n);
	json_end(w);
	free(sums);
	return 0;
}

int page_write_gc(struct page *page, struct json_writer *w)
{
	const struct profile *p = page->profiles[0];
	int err;

	if (!p->n_gc_cycles && !p->n_gc_pauses && !p->n_bins && !p->n_memory)
		return 0;
	json_object(w, "gc");
	json_uint(w, "folded", p->epochs_folded);
	WRITE_SPARSE(w, "epoch_target", page->epochs.data, page->epochs.n, e->target);
	WRITE_COLUMN(w, "epoch", page->epochs.data, page->epochs.n, e->epoch);
	err = write_report(page, w);
	if (!err)
		err = write_cycles(page, w);
	if (!err)
		err = write_pauses(page, w);
	if (!err)
		err = write_pools(page, w);
	write_memory(w, p);
	if (!err)
		err = write_bins(w, p);
	json_end(w);
	return err;
}
