// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * For node_exporter's textfile collector, or anything else that reads Prometheus'
 * text format 0.0.4. Counters begin at 0 with each recording.
 *
 * Names are the same whatever the runtime. What a recording has nothing of is left
 * out, not told as 0: it may not have been tapped. Figures of the whole recording
 * carry the labels of its process, or those of all of them: several files may lie in
 * one folder, and must not have series in common.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/exporter.h"
#include "export/prometheus_labels.h"
#include "export/prometheus_series.h"
#include "report/gc.h"
#include "report/sites.h"

#define TOP_DEFAULT 20

enum target_value {
	ALLOC_OBJECTS,
	ALLOC_BYTES,
	ALLOC_REQUESTED,
	MAP_INSERTS,
	WB_FLUSHES,
	ASSISTS,
	ASSIST_NS,
	HEAP_LIVE,
	HEAP_GOAL,
	MEMORY_LIMIT,
	RESIDENT,
	RESIDENT_PEAK,
	TARGET_VALUES
};

static const struct metric target_metrics[] = {
	{"alloctap_alloc_objects_total", "counter", "Heap objects allocated.",
	 .value = ALLOC_OBJECTS},
	{"alloctap_alloc_bytes_total", "counter",
	 "Bytes of the heap objects allocated, as the heap charged them.", .value = ALLOC_BYTES},
	{"alloctap_alloc_requested_bytes_total", "counter",
	 "Bytes of the heap objects allocated, as the program asked for them.",
	 .value = ALLOC_REQUESTED},
	{"alloctap_map_inserts_total", "counter", "Map inserts.", .value = MAP_INSERTS},
	{"alloctap_write_barrier_flushes_total", "counter",
	 "Flushes of write barrier buffers while the collector marked.", .value = WB_FLUSHES},
	{"alloctap_gc_assists_total", "counter", "Allocations that had to help the collector mark.",
	 .value = ASSISTS},
	{"alloctap_gc_assist_seconds_total", "counter",
	 "Time that allocations took to help the collector mark.", .value = ASSIST_NS,
	 .nano = true},
	{"alloctap_heap_live_bytes", "gauge", "Heap in use when the last collection began.",
	 .value = HEAP_LIVE},
	{"alloctap_heap_goal_bytes", "gauge", "Heap size that the last collection was to end at.",
	 .value = HEAP_GOAL},
	{"alloctap_memory_limit_bytes", "gauge",
	 "The runtime's memory limit at the last collection.", .value = MEMORY_LIMIT},
	{"alloctap_resident_bytes", "gauge", "Resident memory of the process at the end.",
	 .value = RESIDENT},
	{"alloctap_resident_peak_bytes", "gauge", "The most resident memory that was seen.",
	 .value = RESIDENT_PEAK},
};

/* Of recordings with --live; there 0 is a finding too. */
enum live_value { FREE_OBJECTS, FREE_BYTES, LIVE_OBJECTS, LIVE_BYTES, LIVE_VALUES };

static const struct metric live_metrics[] = {
	{"alloctap_free_objects_total", "counter",
	 "Heap objects freed, of those allocated while recording.", .value = FREE_OBJECTS,
	 .zero = true},
	{"alloctap_free_bytes_total", "counter",
	 "Bytes of the heap objects freed, of those allocated while recording.",
	 .value = FREE_BYTES, .zero = true},
	{"alloctap_live_objects", "gauge",
	 "Heap objects allocated while recording and not freed by its end.", .value = LIVE_OBJECTS,
	 .zero = true},
	{"alloctap_live_bytes", "gauge",
	 "Bytes of the heap objects allocated while recording and not freed by its end.",
	 .value = LIVE_BYTES, .zero = true},
};

enum heap_value { HEAP_PEAK, UNTRACKED_FREES, HEAP_VALUES };

static const struct metric heap_metrics[] = {
	{"alloctap_live_peak_bytes", "gauge",
	 "The most bytes that lived at once, of heap objects allocated while recording.",
	 .value = HEAP_PEAK, .zero = true},
	{"alloctap_untracked_frees_total", "counter",
	 "Heap objects freed that were not seen to be allocated.", .value = UNTRACKED_FREES,
	 .zero = true},
};

enum recording_value {
	HITS,
	HIT_NS,
	CPU_SHARE,
	TRUNCATED,
	BROKEN,
	DURATION,
	START,
	RECORDING_VALUES
};

static const struct metric recording_metrics[] = {
	{"alloctap_probe_hits_total", "counter", "Hits of probes.", .value = HITS, .zero = true},
	{"alloctap_probe_seconds_total", "counter",
	 "Time that hits of probes took, by what one takes on this machine.", .value = HIT_NS,
	 .nano = true, .zero = true},
	{"alloctap_probe_cpu_ratio", "gauge",
	 "Share of the CPU time of what was tapped that hits of probes took.", .value = CPU_SHARE,
	 .nano = true, .zero = true},
	{"alloctap_stacks_truncated_total", "counter", "Hits with more frames than are kept.",
	 .value = TRUNCATED, .zero = true},
	{"alloctap_stacks_broken_total", "counter", "Hits with a frame that could not be read.",
	 .value = BROKEN, .zero = true},
	{"alloctap_recording_seconds", "gauge", "How long the recording is.", .value = DURATION,
	 .nano = true, .zero = true},
	{"alloctap_recording_start_timestamp_seconds", "gauge",
	 "When the recording began, in Unix time.", .value = START, .nano = true, .zero = true},
};

static const struct metric lost_metric = {
	"alloctap_lost_events_total", "counter",
	"Events that were lost, or their stacks were, by the reason.", .zero = true};
static const struct metric cycles_metric = {"alloctap_gc_cycles_total", "counter",
					    "Collections that began, by what triggered them.",
					    .value = 0};
static const struct metric pools_metric = {
	"alloctap_heap_pool_bytes", "gauge",
	"What a part of the heap held after its last collection.", .zero = true};

enum site_value { SITE_BYTES, SITE_OBJECTS, SITE_INSERTS, SITE_VALUES };

static const struct metric site_metrics[] = {
	{"alloctap_site_alloc_bytes_total", "counter",
	 "Bytes allocated at a call site, one of those with most.", .value = SITE_BYTES},
	{"alloctap_site_alloc_objects_total", "counter",
	 "Objects allocated at a call site, one of those with most bytes.", .value = SITE_OBJECTS},
	{"alloctap_site_map_inserts_total", "counter",
	 "Map inserts at a call site, one of those with most bytes.", .value = SITE_INSERTS},
};

static const struct metric live_site_metrics[] = {
	{"alloctap_site_live_bytes", "gauge",
	 "Bytes that live at the end, of a call site, one of those with most.",
	 .value = SITE_BYTES},
	{"alloctap_site_live_objects", "gauge",
	 "Objects that live at the end, of a call site, one of those with most bytes.",
	 .value = SITE_OBJECTS},
};

/* --- what there is to tell -------------------------------------------------------- */

struct exposition {
	const struct profile *p;
	size_t top;
	char **target;         /* labels of each */
	char *all;             /* of the recording */
	uint64_t **target_row; /* in targets, of each */
	struct series targets, recording, lost, cycles, pools, pauses, stops, sites;
	struct series live, heap, live_sites;
};

static int add_samples(struct exposition *x)
{
	for (size_t i = 0; i < x->p->n_samples; i++) {
		const struct profile_sample *s = &x->p->samples[i];
		uint64_t *row = x->target_row[s->target];

		row[ALLOC_OBJECTS] += s->kind == PROFILE_ALLOC ? s->objects : 0;
		row[ALLOC_BYTES] += s->kind == PROFILE_ALLOC ? s->bytes : 0;
		row[ALLOC_REQUESTED] += s->kind == PROFILE_ALLOC ? s->requested : 0;
		row[MAP_INSERTS] += s->kind == PROFILE_MAP_INSERT ? s->objects : 0;
		row[WB_FLUSHES] += s->kind == PROFILE_WB_FLUSH ? s->objects : 0;
		row[ASSISTS] += s->kind == PROFILE_GC_ASSIST ? s->objects : 0;
		row[ASSIST_NS] += s->kind == PROFILE_GC_ASSIST ? s->ns : 0;
	}
	return 0;
}

/* Of gauges, what the last that knows them says. */
static void set_gauge(uint64_t *gauge, uint64_t value)
{
	*gauge = value ? value : *gauge;
}

static int add_cycles(struct exposition *x)
{
	for (size_t i = 0; i < x->p->n_gc_cycles; i++) {
		const struct profile_gc_cycle *c = &x->p->gc_cycles[i];
		const char *base = x->target[c->target];
		uint64_t *row = x->target_row[c->target];
		uint64_t *count = prometheus_labelled(
			&x->cycles, base,
			(struct label[3]){{"trigger", gc_trigger_name(c->trigger)},
					  {"collection", profile_str(x->p, c->name)}});

		if (!count)
			return -ENOMEM;
		++*count;
		set_gauge(&row[HEAP_LIVE], c->heap_live);
		set_gauge(&row[HEAP_GOAL], c->heap_goal);
		set_gauge(&row[MEMORY_LIMIT], c->memory_limit);
	}
	return 0;
}

static int add_pauses(struct exposition *x)
{
	for (size_t i = 0; i < x->p->n_gc_pauses; i++) {
		const struct profile_gc_pause *pause = &x->p->gc_pauses[i];
		uint64_t *row = prometheus_labelled(
			pause->gc ? &x->pauses : &x->stops, x->target[pause->target],
			(struct label[3]){{"reason", profile_str(x->p, pause->reason)}});

		if (!row)
			return -ENOMEM;
		histogram_observe(row, pause->stopping_ns + pause->stopped_ns);
	}
	return 0;
}

static int add_memory(struct exposition *x)
{
	for (size_t i = 0; i < x->p->n_memory; i++) {
		const struct profile_memory *m = &x->p->memory[i];
		uint64_t *row = x->target_row[m->target];

		row[RESIDENT] = m->bytes;
		if (m->peak > row[RESIDENT_PEAK])
			row[RESIDENT_PEAK] = m->peak;
	}
	for (size_t i = 0; i < x->p->n_gc_pools; i++) {
		const struct profile_gc_pool *pool = &x->p->gc_pools[i];
		uint64_t *row = prometheus_labelled(
			&x->pools, x->target[pool->target],
			(struct label[3]){{"pool", profile_str(x->p, pool->name)}});

		if (!row)
			return -ENOMEM;
		*row = pool->after;
	}
	return 0;
}

/* The numbers in @series of a call site of a process. NULL: no memory. */
static uint64_t *site_row(struct exposition *x, struct series *series, const struct site *s)
{
	const struct profile_function *f = &x->p->functions[s->function];
	char line[16] = "";

	if (s->line)
		snprintf(line, sizeof(line), "%" PRIu32, s->line);
	return prometheus_labelled(series, x->target[s->target],
				   (struct label[3]){{"function", profile_str(x->p, f->name)},
						     {"file", profile_str(x->p, f->file)},
						     {"line", line}});
}

static int compare_live(const void *x, const void *y)
{
	const struct site *a = x, *b = y;

	if (a->live_bytes != b->live_bytes)
		return a->live_bytes < b->live_bytes ? 1 : -1;
	if (a->function != b->function)
		return a->function < b->function ? -1 : 1;
	return a->line != b->line ? (a->line < b->line ? -1 : 1)
				  : (a->target > b->target) - (a->target < b->target);
}

static int add_live_sites(struct exposition *x, struct site_table *table)
{
	size_t n = 0;

	qsort(table->sites, table->n, sizeof(*table->sites), compare_live);
	while (n < table->n && n < x->top && table->sites[n].live_objects) {
		const struct site *s = &table->sites[n++];
		uint64_t *row = site_row(x, &x->live_sites, s);

		if (!row)
			return -ENOMEM;
		row[SITE_BYTES] += s->live_bytes;
		row[SITE_OBJECTS] += s->live_objects;
	}
	return 0;
}

static int add_sites(struct exposition *x)
{
	struct site_table *table = site_table_new_by_target(x->p);
	int err = table ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < table->n && i < x->top; i++) {
		const struct site *s = &table->sites[i];
		uint64_t *row = site_row(x, &x->sites, s);

		if (!row) {
			err = -ENOMEM;
			continue;
		}
		row[SITE_BYTES] += s->bytes;
		row[SITE_OBJECTS] += s->objects;
		row[SITE_INSERTS] += s->inserts;
	}
	if (!err && table->n)
		err = add_live_sites(x, table);
	site_table_free(table);
	return err;
}

/* The row in x->live of a process. NULL: no memory. */
static uint64_t *live_row(struct exposition *x, uint32_t target)
{
	return series_at(&x->live, x->target[target]);
}

static int add_live(struct exposition *x)
{
	const struct profile *p = x->p;
	uint64_t *row;

	if (!p->heap.recorded)
		return 0;
	row = series_at(&x->heap, x->all);
	if (!row)
		return -ENOMEM;
	row[HEAP_PEAK] = p->heap.peak_bytes;
	row[UNTRACKED_FREES] = p->heap.untracked_frees;
	/* That nothing lives is told too. */
	for (uint32_t i = 0; i < p->n_targets; i++) {
		if (profile_target_native(p, i) && !live_row(x, i))
			return -ENOMEM;
	}
	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (s->kind != PROFILE_FREE)
			continue;
		row = live_row(x, s->target);
		if (!row)
			return -ENOMEM;
		row[FREE_OBJECTS] += s->objects;
		row[FREE_BYTES] += s->bytes;
	}
	for (size_t i = 0; i < p->n_live; i++) {
		row = live_row(x, p->live[i].target);
		if (!row)
			return -ENOMEM;
		row[LIVE_OBJECTS] += p->live[i].objects;
		row[LIVE_BYTES] += p->live[i].bytes;
	}
	return 0;
}

/* In units of 10^-9; 0 of what is no number that makes sense. */
static uint64_t nano(double value)
{
	return value > 0 && value < 1e9 ? (uint64_t)(value * 1e9 + 0.5) : 0;
}

static int add_recording(struct exposition *x)
{
	const struct profile *p = x->p;
	const struct profile_cost *c = &p->cost;
	uint64_t *row = series_at(&x->recording, x->all);

	if (!row)
		return -ENOMEM;
	row[HITS] = c->hits;
	row[HIT_NS] = nano((double)c->hits * (c->trap_ns + c->program_ns) / 1e9);
	row[CPU_SHARE] = nano(c->target_cpu_share);
	row[TRUNCATED] = p->stacks_truncated;
	row[BROKEN] = p->stacks_broken;
	row[DURATION] = p->duration_ns;
	row[START] = p->start_unix_ns;
	return 0;
}

/* That nothing was lost is told too. */
static int add_lost(struct exposition *x)
{
	bool none = !profile_lost(x->p);

	for (size_t i = 0; i < x->p->n_losses + none; i++) {
		const struct profile_loss *loss = i < x->p->n_losses ? &x->p->losses[i] : NULL;
		const char *reason = loss ? profile_str(x->p, loss->reason) : "none";
		uint64_t *row = prometheus_labelled(&x->lost, x->all,
						    (struct label[3]){{"reason", reason}});

		if (!row)
			return -ENOMEM;
		*row += loss ? loss->count : 0;
	}
	return 0;
}

/* --- the file ------------------------------------------------------------------------ */

static int init(struct exposition *x)
{
	const struct profile *p = x->p;
	int err = 0;

	/* Each is made, so that each can be freed. */
	err |= series_init(&x->targets, TARGET_VALUES);
	err |= series_init(&x->recording, RECORDING_VALUES);
	err |= series_init(&x->lost, 1);
	err |= series_init(&x->cycles, 1);
	err |= series_init(&x->pools, 1);
	err |= series_init(&x->pauses, HISTOGRAM_WIDTH);
	err |= series_init(&x->stops, HISTOGRAM_WIDTH);
	err |= series_init(&x->sites, SITE_VALUES);
	err |= series_init(&x->live, LIVE_VALUES);
	err |= series_init(&x->heap, HEAP_VALUES);
	err |= series_init(&x->live_sites, SITE_VALUES);
	x->all = prometheus_target_labels(p, p->targets, p->n_targets);
	x->target = calloc(p->n_targets + 1, sizeof(*x->target));
	x->target_row = calloc(p->n_targets + 1, sizeof(*x->target_row));
	if (err || !x->all || !x->target || !x->target_row)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_targets; i++) {
		x->target[i] = prometheus_target_labels(p, &p->targets[i], 1);
		if (!x->target[i] || !series_at(&x->targets, x->target[i]))
			return -ENOMEM;
	}
	/* All rows are there: they move no more. */
	for (size_t i = 0; i < p->n_targets; i++)
		x->target_row[i] = series_at(&x->targets, x->target[i]);
	return 0;
}

static void destroy(struct exposition *x)
{
	for (size_t i = 0; x->target && i < x->p->n_targets; i++)
		free(x->target[i]);
	free(x->target);
	free(x->target_row);
	free(x->all);
	series_free(&x->targets);
	series_free(&x->recording);
	series_free(&x->lost);
	series_free(&x->cycles);
	series_free(&x->pools);
	series_free(&x->pauses);
	series_free(&x->stops);
	series_free(&x->sites);
	series_free(&x->live);
	series_free(&x->heap);
	series_free(&x->live_sites);
}

static void put_metrics(FILE *out, const struct metric *metrics, size_t n, const struct series *s)
{
	for (size_t i = 0; i < n; i++)
		put_metric(out, &metrics[i], s);
}

static void put_all(const struct exposition *x, FILE *out)
{
	put_metrics(out, target_metrics, ARRAY_SIZE(target_metrics), &x->targets);
	put_metrics(out, live_metrics, ARRAY_SIZE(live_metrics), &x->live);
	put_metrics(out, heap_metrics, ARRAY_SIZE(heap_metrics), &x->heap);
	put_metric(out, &pools_metric, &x->pools);
	put_metric(out, &cycles_metric, &x->cycles);
	put_histogram(out, "alloctap_gc_pause_seconds",
		      "How long the program stood still for the collector, by the phase.",
		      &x->pauses);
	put_histogram(out, "alloctap_other_pause_seconds",
		      "How long the program stood still for other reasons of the runtime.",
		      &x->stops);
	put_metrics(out, site_metrics, ARRAY_SIZE(site_metrics), &x->sites);
	put_metrics(out, live_site_metrics, ARRAY_SIZE(live_site_metrics), &x->live_sites);
	put_metric(out, &lost_metric, &x->lost);
	put_metrics(out, recording_metrics, ARRAY_SIZE(recording_metrics), &x->recording);
}

static int prometheus_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	static int (*const add[])(struct exposition * x) = {
		add_samples, add_cycles, add_pauses,    add_memory,
		add_sites,   add_live,   add_recording, add_lost,
	};
	struct exposition x = {.p = p, .top = opts->top ? opts->top : TOP_DEFAULT};
	int err = init(&x);

	for (size_t i = 0; !err && i < ARRAY_SIZE(add); i++)
		err = add[i](&x);
	if (!err)
		put_all(&x, out);
	destroy(&x);
	return err;
}

const struct exporter exporter_prometheus = {
	.name = "prometheus",
	.suffix = ".prom",
	.help = "metrics for Prometheus",
	.write = prometheus_write,
};
