// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/log.h"
#include "base/vec.h"
#include "session/live.h"
#include "session/map_batch.h"

#include "alloctap.skel.h" /* names types of alloctap.h */

#define SNAPSHOTS PROFILE_SNAPSHOTS_MAX
/* Between snapshots, at first; doubled whenever there are too many of them. */
#define INTERVAL_START_NS 1000000000ull

/* One stack of one target. */
struct site {
	uint64_t stack;
	uint32_t target;
	uint64_t in_use_objects, in_use_bytes; /* by the counts, at the last look */
	uint64_t peak_bytes;
	uint64_t end_objects, end_bytes; /* by the live map */
	uint64_t oldest_ns;              /* CLOCK_MONOTONIC */
	uint64_t snapshot_objects[SNAPSHOTS], snapshot_bytes[SNAPSHOTS];
};

struct site_key {
	uint64_t stack;
	uint64_t target;
};

struct live {
	struct alloctap_bpf *skel;
	uint32_t max_live;
	uint64_t started_ns;
	VEC(struct site) sites;
	struct intern index;
	struct live_totals totals;
	uint32_t n_snapshots;
	uint64_t snapshot_ns[SNAPSHOTS]; /* CLOCK_MONOTONIC */
	uint64_t interval_ns;
	/* Targets that are gone and still have blocks in the live map; sorted for the sweep. */
	VEC(uint32_t) gone;
	uint64_t swept; /* blocks taken out with their targets */
	VEC(struct live_key) dead;
	struct map_batch batch;
};

struct live *live_new(uint32_t max_live)
{
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->max_live = max_live;
	l->interval_ns = INTERVAL_START_NS;
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	vec_free(&l->sites);
	vec_free(&l->gone);
	vec_free(&l->dead);
	intern_free(&l->index);
	map_batch_free(&l->batch);
	free(l);
}

int live_start(struct live *l, struct alloctap_bpf *skel, uint64_t started_ns)
{
	l->skel = skel;
	l->started_ns = started_ns;
	return map_batch_init(&l->batch, sizeof(struct live_key), sizeof(struct live_value));
}

int live_gone(struct live *l, uint32_t target)
{
	return vec_push(&l->gone, target);
}

static bool site_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct live *l = ctx;
	const struct site_key *k = key;

	return l->sites.data[id].stack == k->stack && l->sites.data[id].target == k->target;
}

/* Valid until the next one; NULL: out of memory. */
static struct site *site_of(struct live *l, uint32_t target, uint64_t stack)
{
	const struct site_key key = {stack, target};
	uint64_t hash = hash_bytes(&key, sizeof(key), 0);
	uint32_t id = intern_find(&l->index, hash, site_equal, l, &key);

	if (id != INTERN_NONE)
		return &l->sites.data[id];
	id = (uint32_t)l->sites.n;
	if (vec_push(&l->sites, ((struct site){.stack = stack, .target = target})) ||
	    intern_add(&l->index, hash, id))
		return NULL;
	return &l->sites.data[id];
}

/* Of allocations whose counts found no room in the kernel only the frees are known. */
static void subtract(uint64_t *sum, uint64_t v)
{
	*sum = *sum > v ? *sum - v : 0;
}

static bool is_followed(const struct raw_count *c)
{
	return c->key.kind == KIND_ALLOC && c->key.detail == ALLOC_FOLLOWED;
}

/* Two passes, so that nothing is subtracted from what was not added yet. */
static int add_up(struct live *l, const struct raw_counts *raw)
{
	vec_for_each (&l->sites, site)
		site->in_use_objects = site->in_use_bytes = 0;
	vec_for_each (&raw->counts, c) {
		struct site *site;

		if (!is_followed(c))
			continue;
		site = site_of(l, c->key.target, c->key.stack);
		if (!site)
			return -ENOMEM;
		site->in_use_objects += c->value.objects;
		site->in_use_bytes += c->value.requested;
	}
	vec_for_each (&raw->counts, c) {
		struct site *site;

		if (c->key.kind != KIND_FREE)
			continue;
		site = site_of(l, c->key.target, c->key.stack);
		if (!site)
			return -ENOMEM;
		subtract(&site->in_use_objects, c->value.objects);
		subtract(&site->in_use_bytes, c->value.requested);
	}
	l->totals = (struct live_totals){0};
	vec_for_each (&l->sites, site) {
		if (site->in_use_bytes > site->peak_bytes)
			site->peak_bytes = site->in_use_bytes;
		l->totals.objects += site->in_use_objects;
		l->totals.bytes += site->in_use_bytes;
	}
	return 0;
}

/* Every second snapshot goes, the latest stays. */
static void thin(struct live *l)
{
	for (uint32_t i = 0; i < SNAPSHOTS / 2; i++) {
		l->snapshot_ns[i] = l->snapshot_ns[2 * i + 1];
		vec_for_each (&l->sites, site) {
			site->snapshot_objects[i] = site->snapshot_objects[2 * i + 1];
			site->snapshot_bytes[i] = site->snapshot_bytes[2 * i + 1];
		}
	}
	/* Sites that are new from here on have lived in none of the others. */
	vec_for_each (&l->sites, site) {
		memset(site->snapshot_objects + SNAPSHOTS / 2, 0,
		       sizeof(site->snapshot_objects) / 2);
		memset(site->snapshot_bytes + SNAPSHOTS / 2, 0, sizeof(site->snapshot_bytes) / 2);
	}
	l->n_snapshots = SNAPSHOTS / 2;
	l->interval_ns *= 2;
}

static void snapshot(struct live *l, uint64_t now_ns)
{
	uint64_t last = l->n_snapshots ? l->snapshot_ns[l->n_snapshots - 1] : l->started_ns;

	if (now_ns < last + l->interval_ns)
		return;
	if (l->n_snapshots == SNAPSHOTS) {
		thin(l);
		if (now_ns < last + l->interval_ns)
			return;
	}
	l->snapshot_ns[l->n_snapshots] = now_ns;
	vec_for_each (&l->sites, site) {
		site->snapshot_objects[l->n_snapshots] = site->in_use_objects;
		site->snapshot_bytes[l->n_snapshots] = site->in_use_bytes;
	}
	l->n_snapshots++;
}

static int take_block(struct live *l, const struct live_key *key, const struct live_value *block)
{
	struct site *site = site_of(l, key->target, block->stack);

	if (!site)
		return -ENOMEM;
	if (!site->end_objects || block->time_ns < site->oldest_ns)
		site->oldest_ns = block->time_ns;
	site->end_objects++;
	site->end_bytes += block->size;
	return 0;
}

static int compare_targets(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int take_gone(void *ctx, const void *key, const void *value)
{
	struct live *l = ctx;
	const struct live_key *k = key;

	if (!bsearch(&k->target, l->gone.data, l->gone.n, sizeof(*l->gone.data), compare_targets))
		return 0;
	return take_block(l, k, value) ?: vec_push(&l->dead, *k);
}

/* Takes out of the live map what belongs to targets that are gone. */
static int sweep(struct live *l)
{
	int fd = bpf_map__fd(l->skel->maps.live), err;

	qsort(l->gone.data, l->gone.n, sizeof(*l->gone.data), compare_targets);
	err = map_batch_read(&l->batch, fd, false, take_gone, l);
	vec_for_each (&l->dead, key)
		bpf_map_delete_elem(fd, key);
	l->swept += l->dead.n;
	l->dead.n = l->gone.n = 0;
	return err;
}

static int say(int err)
{
	if (err)
		log_error("live blocks cannot be read from the kernel: %s", strerror(-err));
	return err;
}

int live_look(struct live *l, const struct raw_counts *raw, uint64_t now_ns)
{
	int err = add_up(l, raw);

	if (err)
		return say(err);
	snapshot(l, now_ns);
	/* Reading the map takes its time: only where room becomes scarce. */
	if (l->gone.n && l->totals.objects - l->swept > l->max_live / 2)
		err = sweep(l);
	return say(err);
}

static int take_left(void *ctx, const void *key, const void *value)
{
	return take_block(ctx, key, value);
}

int live_finish(struct live *l, const struct raw_counts *raw)
{
	int err = add_up(l, raw);

	return say(err
			   ?: map_batch_read(&l->batch, bpf_map__fd(l->skel->maps.live), false,
					     take_left, l));
}

struct live_totals live_totals(const struct live *l)
{
	return l->totals;
}

static uint64_t since_start(const struct live *l, uint64_t ns)
{
	return ns > l->started_ns ? ns - l->started_ns : 0;
}

static uint64_t read_word(const __u64 *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void describe_heap(const struct live *l, struct profile_heap *heap)
{
	const struct alloctap_bpf__bss *bss = l->skel->bss;
	uint64_t full_ns = read_word(&bss->live_full_ns);

	*heap = (struct profile_heap){
		.recorded = true,
		.n_snapshots = l->n_snapshots,
		/* 0 says that all were taken in. */
		.partial_since_ns = full_ns ? (since_start(l, full_ns) ?: 1) : 0,
		.peak_bytes = read_word(&bss->live_peak_bytes),
		.peak_ns = since_start(l, read_word(&bss->live_peak_ns)),
	};
	for (uint32_t i = 0; i < l->n_snapshots; i++)
		heap->snapshot_ns[i] = since_start(l, l->snapshot_ns[i]);
}

int live_result(const struct live *l, struct profile_builder *b, live_target_fn target_of,
		live_stack_fn stack_of, void *ctx, struct profile_heap *heap)
{
	int err = 0;

	describe_heap(l, heap);
	for (size_t i = 0; i < l->sites.n && !err; i++) {
		const struct site *site = &l->sites.data[i];
		uint32_t target = target_of(ctx, site->target);
		struct profile_live row = {
			.target = target,
			.objects = site->end_objects,
			.bytes = site->end_bytes,
			.oldest_ns = since_start(l, site->oldest_ns),
			.peak_bytes = site->peak_bytes,
		};

		if (target == PROFILE_NONE)
			continue;
		row.stack = stack_of(ctx, target, site->stack);
		memcpy(row.snapshot_objects, site->snapshot_objects, sizeof(row.snapshot_objects));
		memcpy(row.snapshot_bytes, site->snapshot_bytes, sizeof(row.snapshot_bytes));
		err = profile_builder_live(b, &row);
	}
	return err;
}
