// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdlib.h>

#include "profile/profile.h"
#include "profile/profile_strings.h"

const char *profile_str(const struct profile *p, str_id id)
{
	return id < p->n_strings ? p->strings->pool + p->strings->offsets[id] : "";
}

struct profile_totals profile_totals(const struct profile *p)
{
	struct profile_totals t = {0};

	for (size_t i = 0; i < p->n_samples; i++) {
		const struct profile_sample *s = &p->samples[i];

		if (s->kind == PROFILE_ALLOC) {
			t.alloc_objects += s->objects;
			t.alloc_bytes += s->bytes;
			t.alloc_requested += s->requested;
		} else if (s->kind == PROFILE_MAP_INSERT) {
			t.map_inserts += s->objects;
		} else if (s->kind == PROFILE_WB_FLUSH) {
			t.wb_flushes += s->objects;
		} else if (s->kind == PROFILE_FREE) {
			t.free_objects += s->objects;
			t.free_bytes += s->bytes;
		}
	}
	for (size_t i = 0; i < p->n_live; i++) {
		t.live_objects += p->live[i].objects;
		t.live_bytes += p->live[i].bytes;
	}
	return t;
}

bool profile_target_native(const struct profile *p, uint32_t target)
{
	return p->targets[target].allocator;
}

bool profile_native(const struct profile *p)
{
	for (uint32_t i = 0; i < p->n_targets; i++) {
		if (profile_target_native(p, i))
			return true;
	}
	return false;
}

uint64_t profile_lost(const struct profile *p)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < p->n_losses; i++)
		lost += p->losses[i].count;
	return lost;
}

bool profile_only_collections(const struct profile *p)
{
	for (size_t i = 0; i < p->n_samples; i++) {
		if (p->samples[i].kind != PROFILE_GC_ASSIST)
			return false;
	}
	return p->n_gc_cycles || p->n_gc_pauses || p->n_memory;
}

bool profile_epoch_folded(const struct profile *p, uint32_t epoch)
{
	return epoch && epoch == p->epochs_folded;
}

static bool is_site(const struct profile *p, const struct profile_line *line)
{
	enum function_category c = p->functions[line->function].category;

	return c != FUNCTION_GO_RUNTIME && c != FUNCTION_NATIVE_ALLOCATOR;
}

struct profile_line profile_stack_site(const struct profile *p, uint32_t stack)
{
	const struct profile_stack *s = &p->stacks[stack];
	const struct profile_line *line = NULL;

	for (uint32_t i = 0; i < s->n_locations; i++) {
		uint32_t location = p->stack_locations[s->first_location + i];
		const struct profile_location *l = &p->locations[location];

		for (uint32_t j = 0; j < l->n_lines; j++) {
			line = &p->lines[l->first_line + j];
			if (is_site(p, line))
				return *line;
		}
	}
	return *line;
}

static bool has_name(const struct profile *p, const struct profile_location *l)
{
	for (uint32_t i = 0; i < l->n_lines; i++) {
		uint32_t function = p->lines[l->first_line + i].function;

		if (p->functions[function].category != FUNCTION_SPECIAL)
			return true;
	}
	return false;
}

double profile_resolved_share(const struct profile *p)
{
	uint64_t frames = 0, named = 0;

	for (size_t i = 0; i < p->n_stacks; i++) {
		const struct profile_stack *s = &p->stacks[i];

		for (uint32_t j = 0; j < s->n_locations; j++) {
			uint32_t location = p->stack_locations[s->first_location + j];
			const struct profile_location *l = &p->locations[location];

			if (!l->address)
				continue;
			frames++;
			named += has_name(p, l);
		}
	}
	return frames ? (double)named / (double)frames : 1;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	free(p->targets);
	free(p->mappings);
	free(p->functions);
	free(p->lines);
	free(p->locations);
	free(p->stack_locations);
	free(p->stacks);
	free(p->types);
	free(p->fields);
	free(p->samples);
	free(p->growths);
	free(p->gc_cycles);
	free(p->gc_pauses);
	free(p->gc_pools);
	free(p->memory);
	free(p->bins);
	free(p->live);
	free(p->losses);
	if (p->strings) {
		free(p->strings->pool);
		free(p->strings->offsets);
	}
	free(p->strings);
	free(p);
}
