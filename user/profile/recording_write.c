// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile_strings.h"
#include "profile/recording.h"
#include "profile/recording_file.h"
#include "profile/recording_pack.h"

void *pack_column(struct packer *k, size_t rows, size_t size)
{
	void *column = calloc(rows + 1, size);

	if (!column || vec_push(&k->columns, column)) {
		free(column);
		k->failed = true;
		return NULL;
	}
	return column;
}

void pack_emit(struct packer *k, const Alloctap__Recording *r)
{
	if (!k->failed)
		gzip_stream_message(k->out, &r->base);
	while (k->columns.n)
		free(k->columns.data[--k->columns.n]);
}

static void pack_targets(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Targets m = ALLOCTAP__TARGETS__INIT;
	const struct profile_target *row = k->p->targets;
	size_t n = k->p->n_targets;

	COLUMN(k, m, n, pid, row[i].pid);
	COLUMN(k, m, n, comm, row[i].comm);
	COLUMN(k, m, n, exe, row[i].exe);
	COLUMN(k, m, n, runtime, row[i].runtime);
	COLUMN(k, m, n, version, row[i].version);
	COLUMN(k, m, n, ppid, row[i].ppid);
	COLUMN(k, m, n, container, row[i].container);
	COLUMN(k, m, n, allocator, row[i].allocator);
	COLUMN(k, m, n, start_ns, row[i].start_ns);
	COLUMN(k, m, n, end_ns, row[i].end_ns);
	COLUMN(k, m, n, untapped_ns, row[i].untapped_ns);
	r.targets = &m;
	pack_emit(k, &r);
}

static void pack_mappings(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Mappings m = ALLOCTAP__MAPPINGS__INIT;
	const struct profile_mapping *row = k->p->mappings;
	size_t n = k->p->n_mappings;

	COLUMN(k, m, n, start, row[i].start);
	COLUMN(k, m, n, limit, row[i].limit);
	COLUMN(k, m, n, offset, row[i].offset);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, file, row[i].file);
	COLUMN(k, m, n, build_id, row[i].build_id);
	r.mappings = &m;
	pack_emit(k, &r);
}

static void pack_functions(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Functions m = ALLOCTAP__FUNCTIONS__INIT;
	const struct profile_function *row = k->p->functions;
	size_t n = k->p->n_functions;

	COLUMN(k, m, n, name, row[i].name);
	COLUMN(k, m, n, system_name, row[i].system_name);
	COLUMN(k, m, n, file, row[i].file);
	COLUMN(k, m, n, start_line, row[i].start_line);
	COLUMN(k, m, n, category, row[i].category);
	r.functions = &m;
	pack_emit(k, &r);
}

static void pack_lines(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Lines m = ALLOCTAP__LINES__INIT;
	const struct profile_line *row = k->p->lines;
	size_t n = k->p->n_lines;

	COLUMN(k, m, n, function, row[i].function);
	COLUMN(k, m, n, line, row[i].line);
	r.lines = &m;
	pack_emit(k, &r);
}

static void pack_locations(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Locations m = ALLOCTAP__LOCATIONS__INIT;
	const struct profile_location *row = k->p->locations;
	size_t n = k->p->n_locations;

	COLUMN(k, m, n, address, row[i].address);
	COLUMN(k, m, n, mapping, row[i].mapping == PROFILE_NONE ? 0 : row[i].mapping + 1);
	COLUMN(k, m, n, line_count, row[i].n_lines);
	r.locations = &m;
	pack_emit(k, &r);
}

static void pack_stacks(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Stacks m = ALLOCTAP__STACKS__INIT;
	const struct profile_stack *row = k->p->stacks;
	size_t n = k->p->n_stacks;

	COLUMN(k, m, n, location_count, row[i].n_locations);
	COLUMN(k, m, n, flags, row[i].flags);
	m.n_locations = k->p->n_stack_locations;
	m.locations = k->p->stack_locations;
	r.stacks = &m;
	pack_emit(k, &r);
}

static void pack_samples(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Samples m = ALLOCTAP__SAMPLES__INIT;
	const struct profile_sample *row = k->p->samples;
	size_t n = k->p->n_samples;

	COLUMN(k, m, n, stack, row[i].stack);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, kind, row[i].kind);
	COLUMN(k, m, n, epoch, row[i].epoch);
	COLUMN(k, m, n, type, row[i].type);
	COLUMN(k, m, n, objects, row[i].objects);
	COLUMN(k, m, n, bytes, row[i].bytes);
	COLUMN(k, m, n, requested, row[i].requested);
	COLUMN(k, m, n, entries, row[i].entries);
	COLUMN(k, m, n, ns, row[i].ns);
	r.samples = &m;
	pack_emit(k, &r);
}

static void pack_types(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Types m = ALLOCTAP__TYPES__INIT;
	const struct profile_type *row = k->p->types;
	size_t n = k->p->n_types;

	COLUMN(k, m, n, name, row[i].name);
	COLUMN(k, m, n, package, row[i].package);
	COLUMN(k, m, n, kind, row[i].kind);
	COLUMN(k, m, n, hash, row[i].hash);
	COLUMN(k, m, n, align, row[i].align);
	COLUMN(k, m, n, flags, row[i].flags);
	COLUMN(k, m, n, key, row[i].key);
	COLUMN(k, m, n, elem, row[i].elem);
	COLUMN(k, m, n, group, row[i].group);
	COLUMN(k, m, n, field_count, row[i].n_fields);
	COLUMN(k, m, n, size, row[i].size);
	COLUMN(k, m, n, ptr_bytes, row[i].ptr_bytes);
	COLUMN(k, m, n, length, row[i].length);
	COLUMN(k, m, n, group_size, row[i].group_size);
	COLUMN(k, m, n, slot_size, row[i].slot_size);
	r.types = &m;
	pack_emit(k, &r);
}

static void pack_fields(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Fields m = ALLOCTAP__FIELDS__INIT;
	const struct profile_field *row = k->p->fields;
	size_t n = k->p->n_fields;

	COLUMN(k, m, n, name, row[i].name);
	COLUMN(k, m, n, type, row[i].type);
	COLUMN(k, m, n, offset, row[i].offset);
	COLUMN(k, m, n, embedded, row[i].embedded);
	r.fields = &m;
	pack_emit(k, &r);
}

static void pack_growths(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Growths m = ALLOCTAP__GROWTHS__INIT;
	const struct profile_growth *row = k->p->growths;
	size_t n = k->p->n_growths;

	COLUMN(k, m, n, stack, row[i].stack);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, type, row[i].type);
	COLUMN(k, m, n, how, row[i].how);
	COLUMN(k, m, n, level, row[i].level);
	COLUMN(k, m, n, map, row[i].map);
	COLUMN(k, m, n, count, row[i].count);
	COLUMN(k, m, n, entries, row[i].entries);
	r.growths = &m;
	pack_emit(k, &r);
}

static void pack_gc_cycles(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__GcCycles m = ALLOCTAP__GC_CYCLES__INIT;
	const struct profile_gc_cycle *row = k->p->gc_cycles;
	size_t n = k->p->n_gc_cycles;

	COLUMN(k, m, n, epoch, row[i].epoch);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, trigger, row[i].trigger);
	COLUMN(k, m, n, stack, row[i].stack);
	COLUMN(k, m, n, name, row[i].name);
	COLUMN(k, m, n, gc_percent, row[i].gc_percent);
	COLUMN(k, m, n, start_ns, row[i].start_ns);
	COLUMN(k, m, n, end_ns, row[i].end_ns);
	COLUMN(k, m, n, heap_live, row[i].heap_live);
	COLUMN(k, m, n, heap_goal, row[i].heap_goal);
	COLUMN(k, m, n, memory_limit, row[i].memory_limit);
	COLUMN(k, m, n, sweep_start_ns, row[i].sweep_start_ns);
	COLUMN(k, m, n, sweep_end_ns, row[i].sweep_end_ns);
	r.gc_cycles = &m;
	pack_emit(k, &r);
}

static void pack_gc_pauses(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__GcPauses m = ALLOCTAP__GC_PAUSES__INIT;
	const struct profile_gc_pause *row = k->p->gc_pauses;
	size_t n = k->p->n_gc_pauses;

	COLUMN(k, m, n, start_ns, row[i].start_ns);
	COLUMN(k, m, n, stopping_ns, row[i].stopping_ns);
	COLUMN(k, m, n, stopped_ns, row[i].stopped_ns);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, epoch, row[i].epoch);
	COLUMN(k, m, n, reason, row[i].reason);
	COLUMN(k, m, n, gc, row[i].gc);
	COLUMN(k, m, n, stack, row[i].stack);
	r.gc_pauses = &m;
	pack_emit(k, &r);
}

static void pack_gc_pools(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__GcPools m = ALLOCTAP__GC_POOLS__INIT;
	const struct profile_gc_pool *row = k->p->gc_pools;
	size_t n = k->p->n_gc_pools;

	COLUMN(k, m, n, epoch, row[i].epoch);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, name, row[i].name);
	COLUMN(k, m, n, before, row[i].before);
	COLUMN(k, m, n, after, row[i].after);
	r.gc_pools = &m;
	pack_emit(k, &r);
}

static void pack_memory(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Memory m = ALLOCTAP__MEMORY__INIT;
	const struct profile_memory *row = k->p->memory;
	size_t n = k->p->n_memory;

	COLUMN(k, m, n, time_ns, row[i].time_ns);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, bytes, row[i].bytes);
	COLUMN(k, m, n, peak, row[i].peak);
	r.memory = &m;
	pack_emit(k, &r);
}

static void pack_bins(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Bins m = ALLOCTAP__BINS__INIT;
	const struct profile_bin *row = k->p->bins;
	size_t n = k->p->n_bins;

	COLUMN(k, m, n, number, row[i].time_ns / PROFILE_BIN_NS);
	COLUMN(k, m, n, target, row[i].target);
	COLUMN(k, m, n, objects, row[i].objects);
	COLUMN(k, m, n, bytes, row[i].bytes);
	r.bins = &m;
	pack_emit(k, &r);
}

static void pack_losses(struct packer *k)
{
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Losses m = ALLOCTAP__LOSSES__INIT;
	const struct profile_loss *row = k->p->losses;
	size_t n = k->p->n_losses;

	COLUMN(k, m, n, reason, row[i].reason);
	COLUMN(k, m, n, text, row[i].text);
	COLUMN(k, m, n, count, row[i].count);
	r.losses = &m;
	pack_emit(k, &r);
}

static void pack_scalars(struct packer *k)
{
	const struct profile *p = k->p;
	Alloctap__Recording r = ALLOCTAP__RECORDING__INIT;
	Alloctap__Cost cost = ALLOCTAP__COST__INIT;

	r.strings.len = p->strings->pool_len;
	r.strings.data = (uint8_t *)p->strings->pool;
	r.tool_version = p->tool_version;
	r.mode = p->mode;
	r.start_unix_ns = p->start_unix_ns;
	r.duration_ns = p->duration_ns;
	r.stacks_truncated = p->stacks_truncated;
	r.stacks_broken = p->stacks_broken;
	r.epochs_folded = p->epochs_folded;
	cost.hits = p->cost.hits;
	cost.trap_ns = p->cost.trap_ns;
	cost.program_ns = p->cost.program_ns;
	cost.target_cpu_share = p->cost.target_cpu_share;
	cost.held_programs = p->cost.holds.programs;
	cost.held_late = p->cost.holds.late;
	cost.held_ns = p->cost.holds.total_ns;
	cost.held_longest_ns = p->cost.holds.longest_ns;
	r.cost = &cost;
	pack_emit(k, &r);
}

int recording_write(const struct profile *p, FILE *out)
{
	struct recording_header header = {.magic = RECORDING_MAGIC,
					  .version = htole32(RECORDING_VERSION)};
	struct packer k = {.p = p};

	fwrite(&header, sizeof(header), 1, out);
	k.out = gzip_stream_new(out);
	if (!k.out)
		return -ENOMEM;
	pack_scalars(&k);
	pack_targets(&k);
	pack_mappings(&k);
	pack_functions(&k);
	pack_lines(&k);
	pack_locations(&k);
	pack_stacks(&k);
	pack_types(&k);
	pack_fields(&k);
	pack_samples(&k);
	pack_growths(&k);
	pack_gc_cycles(&k);
	pack_gc_pauses(&k);
	pack_gc_pools(&k);
	pack_memory(&k);
	pack_bins(&k);
	pack_live(&k);
	pack_heap(&k);
	pack_losses(&k);
	gzip_stream_finish(k.out);
	vec_free(&k.columns);
	return k.failed ? -ENOMEM : 0;
}
