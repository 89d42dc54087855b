// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "profile/recording_unpack.h"

int unpack_heap(struct unpacker *u)
{
	const Alloctap__Heap *m = u->r->heap;
	struct profile_heap *heap = &u->p->heap;

	if (!m)
		return 0;
	heap->recorded = true;
	heap->partial_since_ns = m->partial_since_ns;
	heap->untracked_frees = m->untracked_frees;
	heap->peak_bytes = m->peak_bytes;
	heap->peak_ns = m->peak_ns;
	if (m->n_snapshot_ns > PROFILE_SNAPSHOTS_MAX)
		return unpack_damaged(u, "%zu looks at the live heap", m->n_snapshot_ns);
	heap->n_snapshots = (uint32_t)m->n_snapshot_ns;
	for (uint32_t i = 0; i < heap->n_snapshots; i++) {
		heap->snapshot_ns[i] = m->snapshot_ns[i];
		if (heap->snapshot_ns[i] > INT64_MAX)
			return unpack_damaged(u, "times beyond 64 bits");
		if (i && heap->snapshot_ns[i] <= heap->snapshot_ns[i - 1])
			return unpack_damaged(u, "looks at the live heap out of order");
	}
	if (heap->partial_since_ns > INT64_MAX || heap->peak_ns > INT64_MAX)
		return unpack_damaged(u, "times beyond 64 bits");
	if (heap->untracked_frees > INT64_MAX || heap->peak_bytes > INT64_MAX)
		return unpack_damaged(u, "counts beyond 64 bits");
	return 0;
}

/* What reports add up over all rows. */
struct live_sums {
	uint64_t objects, bytes, peak_bytes;
	uint64_t snapshot_objects[PROFILE_SNAPSHOTS_MAX], snapshot_bytes[PROFILE_SNAPSHOTS_MAX];
};

static bool add_up(struct live_sums *sums, const struct profile_live *row)
{
	bool fits = unpack_sum(&sums->objects, row->objects) &&
		    unpack_sum(&sums->bytes, row->bytes) &&
		    unpack_sum(&sums->peak_bytes, row->peak_bytes);

	for (size_t i = 0; fits && i < PROFILE_SNAPSHOTS_MAX; i++)
		fits = unpack_sum(&sums->snapshot_objects[i], row->snapshot_objects[i]) &&
		       unpack_sum(&sums->snapshot_bytes[i], row->snapshot_bytes[i]);
	return fits;
}

static int unpack_row(struct unpacker *u, const Alloctap__Live *m, size_t i)
{
	size_t looks = u->p->heap.n_snapshots;
	struct profile_live *row = &u->p->live[i];

	*row = (struct profile_live){
		.target = AT(m, target, i),
		.stack = m->stack[i],
		.objects = AT(m, objects, i),
		.bytes = AT(m, bytes, i),
		.oldest_ns = AT(m, oldest_ns, i),
		.peak_bytes = AT(m, peak_bytes, i),
	};
	for (size_t look = 0; look < looks; look++) {
		row->snapshot_objects[look] = AT(m, snapshot_objects, i * looks + look);
		row->snapshot_bytes[look] = AT(m, snapshot_bytes, i * looks + look);
	}
	if (unpack_index(u, "target", row->target, u->p->n_targets) ||
	    unpack_index(u, "stack", row->stack, u->p->n_stacks))
		return -EBADMSG;
	return row->oldest_ns > INT64_MAX ? unpack_damaged(u, "times beyond 64 bits") : 0;
}

/*
 * All columns are there: a row takes far more memory than a byte of the file, so a
 * table of nothing but stacks would be an easy way to ask for much of it.
 */
static bool has_all_columns(const Alloctap__Live *m, size_t looks)
{
	size_t n = m->n_stack;

	return m->n_target == n && m->n_objects == n && m->n_bytes == n && m->n_oldest_ns == n &&
	       m->n_peak_bytes == n && m->n_snapshot_objects == n * looks &&
	       m->n_snapshot_bytes == n * looks;
}

int unpack_live(struct unpacker *u)
{
	static const Alloctap__Live none = ALLOCTAP__LIVE__INIT;
	const Alloctap__Live *m = u->r->live ?: &none;
	struct profile *p = u->p;
	struct live_sums sums = {0};

	p->n_live = m->n_stack;
	if (p->n_live && !p->heap.recorded)
		return unpack_damaged(u, "a live heap that was not recorded");
	if (p->n_live >= PROFILE_NONE || !has_all_columns(m, p->heap.n_snapshots))
		return unpack_damaged(u, "columns missing in a table of %zu live stacks",
				      p->n_live);
	p->live = unpack_rows(p->n_live, sizeof(*p->live));
	if (!p->live)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_live; i++) {
		if (unpack_row(u, m, i))
			return -EBADMSG;
		if (!add_up(&sums, &p->live[i]))
			return unpack_damaged(u, "counts beyond 64 bits");
	}
	return 0;
}
