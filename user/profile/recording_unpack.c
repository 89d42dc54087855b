// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "profile/profile_strings.h"
#include "profile/recording_file.h"
#include "profile/recording_unpack.h"

int unpack_damaged(const struct unpacker *u, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	log_error("%s: damaged recording: %s", u->name, what);
	return -EBADMSG;
}

int unpack_columns(const struct unpacker *u, const char *table, size_t rows, const size_t *lengths,
		   size_t n)
{
	if (rows >= PROFILE_NONE)
		return unpack_damaged(u, "%zu %s", rows, table);
	for (size_t i = 0; i < n; i++) {
		if (lengths[i] && lengths[i] != rows)
			return unpack_damaged(u, "a column of %zu rows in a table of %zu %s",
					      lengths[i], rows, table);
	}
	return 0;
}

int unpack_index(const struct unpacker *u, const char *what, uint32_t index, size_t n)
{
	return index < n ? 0 : unpack_damaged(u, "no %s %u: there are %zu", what, index, n);
}

int unpack_string(const struct unpacker *u, uint32_t id)
{
	return unpack_index(u, "string", id, u->p->n_strings);
}

void *unpack_rows(size_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

int unpack_run(const struct unpacker *u, const char *what, uint32_t n, size_t total, uint32_t *next,
	       uint32_t *first)
{
	if (!n || n > total - *next)
		return unpack_damaged(u, "%u %s where %zu are left", n, what, total - *next);
	*first = *next;
	*next += n;
	return 0;
}

bool unpack_sum(uint64_t *sum, uint64_t value)
{
	return !__builtin_add_overflow(*sum, value, sum) && *sum <= INT64_MAX;
}

static int unpack_strings(struct unpacker *u)
{
	const char *pool = (const char *)u->r->strings.data;
	size_t len = u->r->strings.len;
	struct profile *p = u->p;
	uint32_t offset = 0;

	if (!len || len > UINT32_MAX || pool[0] || pool[len - 1])
		return unpack_damaged(u, "no string table");
	p->strings = calloc(1, sizeof(*p->strings));
	if (!p->strings)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		p->n_strings += !pool[i];
	p->strings->pool = malloc(len);
	p->strings->offsets = unpack_rows(p->n_strings, sizeof(*p->strings->offsets));
	if (!p->strings->pool || !p->strings->offsets)
		return -ENOMEM;
	memcpy(p->strings->pool, pool, len);
	p->strings->pool_len = len;
	for (size_t i = 0; i < p->n_strings; i++) {
		p->strings->offsets[i] = offset;
		offset += (uint32_t)strlen(pool + offset) + 1;
	}
	return 0;
}

static int unpack_targets(struct unpacker *u)
{
	static const Alloctap__Targets none = ALLOCTAP__TARGETS__INIT;
	const Alloctap__Targets *m = u->r->targets ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_targets = m->n_pid;
	err = CHECK_COLUMNS(u, "targets", p->n_targets, m->n_comm, m->n_exe, m->n_runtime,
			    m->n_version, m->n_ppid, m->n_container, m->n_allocator, m->n_start_ns,
			    m->n_end_ns, m->n_untapped_ns);
	if (err)
		return err;
	p->targets = unpack_rows(p->n_targets, sizeof(*p->targets));
	if (!p->targets)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_targets; i++) {
		struct profile_target *t = &p->targets[i];

		*t = (struct profile_target){
			.pid = m->pid[i],
			.comm = AT(m, comm, i),
			.exe = AT(m, exe, i),
			.runtime = AT(m, runtime, i),
			.version = AT(m, version, i),
			.ppid = AT(m, ppid, i),
			.container = AT(m, container, i),
			.allocator = AT(m, allocator, i),
			.start_ns = AT(m, start_ns, i),
			.end_ns = AT(m, end_ns, i),
			.untapped_ns = AT(m, untapped_ns, i),
		};
		if (unpack_string(u, t->comm) || unpack_string(u, t->exe) ||
		    unpack_string(u, t->runtime) || unpack_string(u, t->version) ||
		    unpack_string(u, t->container) || unpack_string(u, t->allocator))
			return -EBADMSG;
		if (t->start_ns > INT64_MAX || t->end_ns > INT64_MAX || t->untapped_ns > INT64_MAX)
			return unpack_damaged(u, "times beyond 64 bits");
		if (t->end_ns && t->end_ns < t->start_ns)
			return unpack_damaged(u, "process %zu ends before it starts", i);
	}
	return 0;
}

static int unpack_mappings(struct unpacker *u)
{
	static const Alloctap__Mappings none = ALLOCTAP__MAPPINGS__INIT;
	const Alloctap__Mappings *m = u->r->mappings ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_mappings = m->n_start;
	err = CHECK_COLUMNS(u, "mappings", p->n_mappings, m->n_limit, m->n_offset, m->n_target,
			    m->n_file, m->n_build_id);
	if (err)
		return err;
	p->mappings = unpack_rows(p->n_mappings, sizeof(*p->mappings));
	if (!p->mappings)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_mappings; i++) {
		struct profile_mapping *row = &p->mappings[i];

		*row = (struct profile_mapping){
			.start = m->start[i],
			.limit = AT(m, limit, i),
			.offset = AT(m, offset, i),
			.target = AT(m, target, i),
			.file = AT(m, file, i),
			.build_id = AT(m, build_id, i),
		};
		if (unpack_index(u, "target", row->target, p->n_targets) ||
		    unpack_string(u, row->file) || unpack_string(u, row->build_id))
			return -EBADMSG;
	}
	return 0;
}

static int unpack_functions(struct unpacker *u)
{
	static const Alloctap__Functions none = ALLOCTAP__FUNCTIONS__INIT;
	const Alloctap__Functions *m = u->r->functions ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_functions = m->n_name;
	err = CHECK_COLUMNS(u, "functions", p->n_functions, m->n_system_name, m->n_file,
			    m->n_start_line, m->n_category);
	if (err)
		return err;
	p->functions = unpack_rows(p->n_functions, sizeof(*p->functions));
	if (!p->functions)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_functions; i++) {
		struct profile_function *f = &p->functions[i];

		*f = (struct profile_function){
			.name = m->name[i],
			.system_name = AT(m, system_name, i),
			.file = AT(m, file, i),
			.start_line = AT(m, start_line, i),
		};
		if (unpack_string(u, f->name) || unpack_string(u, f->system_name) ||
		    unpack_string(u, f->file) ||
		    unpack_index(u, "function category", AT(m, category, i), FUNCTION_CATEGORY_MAX))
			return -EBADMSG;
		f->category = AT(m, category, i);
	}
	return 0;
}

static int unpack_lines(struct unpacker *u)
{
	static const Alloctap__Lines none = ALLOCTAP__LINES__INIT;
	const Alloctap__Lines *m = u->r->lines ?: &none;
	struct profile *p = u->p;
	int err;

	p->n_lines = m->n_function;
	err = CHECK_COLUMNS(u, "lines", p->n_lines, m->n_line);
	if (err)
		return err;
	p->lines = unpack_rows(p->n_lines, sizeof(*p->lines));
	if (!p->lines)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_lines; i++) {
		p->lines[i].function = m->function[i];
		p->lines[i].line = AT(m, line, i);
		if (unpack_index(u, "function", m->function[i], p->n_functions))
			return -EBADMSG;
	}
	return 0;
}

/*
 * Functions inlined into each other at one place; we write 64 at most. Reports go
 * through those of a location once for every stack that has it.
 */
#define MAX_LOCATION_LINES 4096

static int unpack_locations(struct unpacker *u)
{
	static const Alloctap__Locations none = ALLOCTAP__LOCATIONS__INIT;
	const Alloctap__Locations *m = u->r->locations ?: &none;
	struct profile *p = u->p;
	uint32_t next = 0;
	int err;

	p->n_locations = m->n_address;
	err = CHECK_COLUMNS(u, "locations", p->n_locations, m->n_mapping, m->n_line_count);
	if (err)
		return err;
	p->locations = unpack_rows(p->n_locations, sizeof(*p->locations));
	if (!p->locations)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_locations; i++) {
		struct profile_location *l = &p->locations[i];
		uint32_t mapping = AT(m, mapping, i);

		l->address = m->address[i];
		l->mapping = mapping ? mapping - 1 : PROFILE_NONE;
		l->n_lines = AT(m, line_count, i);
		if ((mapping && unpack_index(u, "mapping", l->mapping, p->n_mappings)) ||
		    unpack_run(u, "lines", l->n_lines, p->n_lines, &next, &l->first_line))
			return -EBADMSG;
		if (l->n_lines > MAX_LOCATION_LINES)
			return unpack_damaged(u, "location %zu has %u lines", i, l->n_lines);
	}
	return next == p->n_lines ? 0 : unpack_damaged(u, "lines of no location");
}

static int unpack_stacks(struct unpacker *u)
{
	static const Alloctap__Stacks none = ALLOCTAP__STACKS__INIT;
	const Alloctap__Stacks *m = u->r->stacks ?: &none;
	struct profile *p = u->p;
	uint32_t next = 0;
	int err;

	p->n_stacks = m->n_location_count;
	p->n_stack_locations = m->n_locations;
	err = CHECK_COLUMNS(u, "stacks", p->n_stacks, m->n_flags);
	if (err)
		return err;
	if (p->n_stack_locations >= PROFILE_NONE)
		return unpack_damaged(u, "%zu frames", p->n_stack_locations);
	p->stacks = unpack_rows(p->n_stacks, sizeof(*p->stacks));
	p->stack_locations = unpack_rows(p->n_stack_locations, sizeof(*p->stack_locations));
	if (!p->stacks || !p->stack_locations)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_stack_locations; i++) {
		p->stack_locations[i] = m->locations[i];
		if (unpack_index(u, "location", m->locations[i], p->n_locations))
			return -EBADMSG;
	}
	for (size_t i = 0; i < p->n_stacks; i++) {
		struct profile_stack *s = &p->stacks[i];

		s->n_locations = m->location_count[i];
		s->flags = AT(m, flags, i);
		err = unpack_run(u, "frames", s->n_locations, p->n_stack_locations, &next,
				 &s->first_location);
		if (err)
			return err;
	}
	return next == p->n_stack_locations ? 0 : unpack_damaged(u, "frames of no stack");
}

static int unpack_samples(struct unpacker *u)
{
	static const Alloctap__Samples none = ALLOCTAP__SAMPLES__INIT;
	const Alloctap__Samples *m = u->r->samples ?: &none;
	uint64_t objects = 0, bytes = 0, requested = 0, ns = 0;
	struct profile *p = u->p;
	int err;

	p->n_samples = m->n_stack;
	err = CHECK_COLUMNS(u, "samples", p->n_samples, m->n_target, m->n_kind, m->n_epoch,
			    m->n_type, m->n_objects, m->n_bytes, m->n_requested, m->n_entries,
			    m->n_ns);
	if (err)
		return err;
	p->samples = unpack_rows(p->n_samples, sizeof(*p->samples));
	if (!p->samples)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_samples; i++) {
		struct profile_sample *s = &p->samples[i];

		*s = (struct profile_sample){
			.target = AT(m, target, i),
			.stack = m->stack[i],
			.epoch = AT(m, epoch, i),
			.type = AT(m, type, i),
			.objects = AT(m, objects, i),
			.bytes = AT(m, bytes, i),
			.requested = AT(m, requested, i),
			.entries = AT(m, entries, i),
			.ns = AT(m, ns, i),
		};
		if (unpack_index(u, "target", s->target, p->n_targets) ||
		    unpack_index(u, "stack", s->stack, p->n_stacks) ||
		    unpack_index(u, "type", s->type, p->n_types) ||
		    unpack_index(u, "kind", AT(m, kind, i), PROFILE_KIND_MAX))
			return -EBADMSG;
		s->kind = AT(m, kind, i);
		if (!unpack_sum(&objects, s->objects) || !unpack_sum(&bytes, s->bytes) ||
		    !unpack_sum(&requested, s->requested) || !unpack_sum(&ns, s->ns))
			return unpack_damaged(u, "counts beyond 64 bits");
	}
	return 0;
}

static int unpack_losses(struct unpacker *u)
{
	static const Alloctap__Losses none = ALLOCTAP__LOSSES__INIT;
	const Alloctap__Losses *m = u->r->losses ?: &none;
	struct profile *p = u->p;
	uint64_t sum = 0;
	int err;

	p->n_losses = m->n_reason;
	err = CHECK_COLUMNS(u, "losses", p->n_losses, m->n_text, m->n_count);
	if (err)
		return err;
	p->losses = unpack_rows(p->n_losses, sizeof(*p->losses));
	if (!p->losses)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_losses; i++) {
		struct profile_loss *loss = &p->losses[i];

		loss->reason = m->reason[i];
		loss->text = AT(m, text, i);
		loss->count = AT(m, count, i);
		if (unpack_string(u, loss->reason) || unpack_string(u, loss->text))
			return -EBADMSG;
		if (!unpack_sum(&sum, loss->count))
			return unpack_damaged(u, "counts beyond 64 bits");
	}
	return 0;
}

static bool is_quantity(double d)
{
	return isfinite(d) && d >= 0;
}

static int unpack_scalars(struct unpacker *u)
{
	const Alloctap__Recording *r = u->r;
	struct profile *p = u->p;

	p->tool_version = r->tool_version;
	p->mode = r->mode;
	p->start_unix_ns = r->start_unix_ns;
	p->duration_ns = r->duration_ns;
	p->stacks_truncated = r->stacks_truncated;
	p->stacks_broken = r->stacks_broken;
	p->epochs_folded = r->epochs_folded;
	if (r->cost) {
		p->cost.hits = r->cost->hits;
		p->cost.trap_ns = r->cost->trap_ns;
		p->cost.program_ns = r->cost->program_ns;
		p->cost.target_cpu_share = r->cost->target_cpu_share;
		p->cost.holds = (struct profile_holds){
			.programs = r->cost->held_programs,
			.late = r->cost->held_late,
			.total_ns = r->cost->held_ns,
			.longest_ns = r->cost->held_longest_ns,
		};
	}
	if (unpack_string(u, p->tool_version) || unpack_string(u, p->mode))
		return -EBADMSG;
	if (p->start_unix_ns > INT64_MAX || p->duration_ns > INT64_MAX)
		return unpack_damaged(u, "times beyond 64 bits");
	if (!is_quantity(p->cost.trap_ns) || !is_quantity(p->cost.program_ns) ||
	    !is_quantity(p->cost.target_cpu_share))
		return unpack_damaged(u, "a cost that is no number");
	return 0;
}

/* In this order: each checks its indices against tables before it. */
static int (*const unpack_parts[])(struct unpacker *u) = {
	unpack_strings,   unpack_targets,   unpack_mappings,  unpack_functions, unpack_lines,
	unpack_locations, unpack_stacks,    unpack_types,     unpack_fields,    unpack_samples,
	unpack_growths,   unpack_gc_cycles, unpack_gc_pauses, unpack_gc_pools,  unpack_memory,
	unpack_bins,      unpack_heap,      unpack_live,      unpack_losses,    unpack_scalars,
};

static int unpack_all(struct unpacker *u)
{
	for (size_t i = 0; i < ARRAY_SIZE(unpack_parts); i++) {
		int err = unpack_parts[i](u);

		if (err)
			return err;
	}
	return 0;
}

/* protobuf-c gets only so much memory for a message; see recording_unpack(). */
struct budget {
	size_t left;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *b = data;

	if (size > b->left)
		return NULL;
	b->left -= size;
	return malloc(size);
}

static void budget_free(void *data, void *pointer)
{
	(void)data;
	free(pointer);
}

/*
 * Packed columns grow eightfold at most: a byte becomes a uint64_t. What we
 * never write, one field per element and unknown fields, costs protobuf-c far
 * more per byte of message, and ends at this budget.
 */
static Alloctap__Recording *unpack_message(const void *message, size_t len)
{
	struct budget budget = {.left = len * 8 + (64 << 10)};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};

	return alloctap__recording__unpack(&allocator, len, message);
}

struct profile *recording_unpack(const char *name, const void *message, size_t len)
{
	struct unpacker u = {.name = name};
	Alloctap__Recording *r = unpack_message(message, len);
	int err;

	u.r = r;
	u.p = calloc(1, sizeof(*u.p));
	if (!u.p)
		err = -ENOMEM;
	else
		err = r ? unpack_all(&u) : unpack_damaged(&u, "not the message it should hold");
	if (r)
		alloctap__recording__free_unpacked(r, NULL);
	if (!err)
		return u.p;
	if (err == -ENOMEM)
		log_error("%s: out of memory", name);
	profile_free(u.p);
	errno = -err;
	return NULL;
}
