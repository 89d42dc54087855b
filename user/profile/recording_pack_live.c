// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "profile/recording_pack.h"

void pack_heap(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Heap m = ALLOCTAP__HEAP__INIT;
	const struct profile_heap *heap = &k->p->heap;

	if (!heap->recorded)
		return;
	COLUMN(k, m, heap->n_snapshots, snapshot_ns, heap->snapshot_ns[i]);
	m.partial_since_ns = heap->partial_since_ns;
	m.untracked_frees = heap->untracked_frees;
	m.peak_bytes = heap->peak_bytes;
	m.peak_ns = heap->peak_ns;
	r.heap = &m;
	pack_emit(k, &r);
}

void pack_live(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Live m = ALLOCTAP__LIVE__INIT;
	const struct profile_live *row = k->p->live;
	size_t n = k->p->n_live, looks = k->p->heap.n_snapshots;

	if (!k->p->heap.recorded)
		return;
	COLUMN(k, m, n, stack, row[i].stack);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, objects, row[i].objects);
	COLUMN(k, m, n, bytes, row[i].bytes);
	COLUMN(k, m, n, oldest_ns, row[i].oldest_ns);
	COLUMN(k, m, n, peak_bytes, row[i].peak_bytes);
	COLUMN(k, m, n * looks, snapshot_objects, row[i / looks].snapshot_objects[i % looks]);
	COLUMN(k, m, n * looks, snapshot_bytes, row[i / looks].snapshot_bytes[i % looks]);
	r.live = &m;
	pack_emit(k, &r);
}
