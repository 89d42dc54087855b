// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The report for people: a head with the facts about the whole recording, then
 * the table that was asked for. On a terminal rows are cut to fit; in a file or a
 * pipe nothing is.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/units.h"
#include "export/summary.h"
#include "export/text_views.h"
#include "report/stack_ends.h"

static const text_view_fn views[VIEW_MAX] = {
	[VIEW_SITES] = text_sites_print, [VIEW_TYPES] = text_types_print,
	[VIEW_MAPS] = text_maps_print,   [VIEW_GC] = text_gc_print,
	[VIEW_LEAKS] = text_leaks_print,
};

static void print_title(const struct text *t)
{
	char duration[32];

	summary_targets(t->out, t->p);
	fprintf(t->out, ": %s, ", format_duration(duration, sizeof(duration), t->p->duration_ns));
	summary_put(t->out, profile_str(t->p, t->p->mode));
	fputs(" mode\n", t->out);
}

static void print_totals(const struct text *t, const struct profile_totals *sum)
{
	char bytes[32], objects[32], inserts[32], rate[32];
	double seconds = (double)t->p->duration_ns / 1e9;

	fprintf(t->out, "\nallocated    %s in %s objects",
		format_bytes(bytes, sizeof(bytes), sum->alloc_bytes),
		format_count(objects, sizeof(objects), sum->alloc_objects));
	if (seconds > 0)
		fprintf(t->out, ", %s/s",
			format_bytes(rate, sizeof(rate),
				     (uint64_t)((double)sum->alloc_bytes / seconds)));
	fprintf(t->out,
		"\n             exactly %" PRIu64 " bytes (%" PRIu64 " asked for), %" PRIu64
		" objects\n",
		sum->alloc_bytes, sum->alloc_requested, sum->alloc_objects);
	fprintf(t->out, "map inserts  %s",
		format_count(inserts, sizeof(inserts), sum->map_inserts));
	if (sum->map_inserts >= 1000)
		fprintf(t->out, ", exactly %" PRIu64, sum->map_inserts);
	fputc('\n', t->out);
	if (sum->wb_flushes)
		fprintf(t->out, "wb flushes   %s\n",
			format_count(inserts, sizeof(inserts), sum->wb_flushes));
}

/* As valgrind puts it, and what is left. */
static void print_heap(const struct text *t, const struct profile_totals *sum)
{
	const struct profile_heap *heap = &t->p->heap;
	char objects[32], bytes[32], when[32];

	if (!heap->recorded)
		return;
	fprintf(t->out,
		"heap usage   %" PRIu64 " allocs, %" PRIu64 " frees, %" PRIu64 " bytes allocated\n",
		sum->alloc_objects, sum->free_objects + heap->untracked_frees,
		sum->alloc_requested);
	fprintf(t->out, "live         %s in %s blocks at the end, exactly %" PRIu64 " in %" PRIu64,
		format_bytes(bytes, sizeof(bytes), sum->live_bytes),
		format_count(objects, sizeof(objects), sum->live_objects), sum->live_bytes,
		sum->live_objects);
	if (heap->peak_bytes)
		fprintf(t->out, "; at most %s after %s",
			format_bytes(bytes, sizeof(bytes), heap->peak_bytes),
			format_duration(when, sizeof(when), heap->peak_ns));
	fputc('\n', t->out);
	if (heap->untracked_frees)
		fprintf(t->out,
			"             %" PRIu64
			" frees were of blocks that were not seen to be allocated\n",
			heap->untracked_frees);
	if (heap->partial_since_ns)
		fprintf(t->out,
			"             partial: from %s on there was no room for new blocks\n",
			format_duration(when, sizeof(when), heap->partial_since_ns));
}

static void print_stack_ends(const struct text *t)
{
	struct stack_ends e = stack_ends_count(t->p);
	char count[32];

	fprintf(t->out, "             %.5g%% of %s hits have a whole one",
		stack_ends_whole_share(&e) * 100, format_count(count, sizeof(count), e.hits));
	if (e.frame_pointer)
		fprintf(t->out, ", %" PRIu64 " of them with frame pointers", e.frame_pointer);
	fputc('\n', t->out);
	for (int i = 0; i < STACK_END_REASONS; i++) {
		if (e.reasons[i])
			fprintf(t->out, "             %" PRIu64 " not whole: %s\n", e.reasons[i],
				stack_end_text((enum stack_end_reason)i));
	}
}

/* Figures of allocation would be zeros that nobody measured. */
static void print_collections(const struct text *t)
{
	uint64_t stopped_ns = 0;
	char stopped[32];

	for (size_t i = 0; i < t->p->n_gc_pauses; i++)
		stopped_ns += t->p->gc_pauses[i].stopping_ns + t->p->gc_pauses[i].stopped_ns;
	fprintf(t->out, "\ncollections  %zu, %zu pauses of %s in all\n", t->p->n_gc_cycles,
		t->p->n_gc_pauses, format_duration(stopped, sizeof(stopped), stopped_ns));
}

static void print_stacks(const struct text *t)
{
	const struct profile *p = t->p;

	fprintf(t->out, "stacks       %zu different, %.4g%% of their frames have a name\n",
		p->n_stacks, profile_resolved_share(p) * 100);
	if (profile_native(p)) {
		print_stack_ends(t);
		return;
	}
	if (p->stacks_truncated)
		fprintf(t->out, "             %" PRIu64 " hits had more frames than are kept\n",
			p->stacks_truncated);
	if (p->stacks_broken)
		fprintf(t->out,
			"             %" PRIu64 " hits had a frame that could not be read\n",
			p->stacks_broken);
}

static void print_cost(const struct text *t)
{
	char held[256];

	fputs("cost         ", t->out);
	summary_cost(t->out, t->p);
	fputc('\n', t->out);
	if (summary_held(t->p, held, sizeof(held)))
		fprintf(t->out, "             %s\n", held);
}

static void print_losses(const struct text *t)
{
	fputs("lost         ", t->out);
	if (!t->p->n_losses)
		fputs("nothing\n", t->out);
	for (size_t i = 0; i < t->p->n_losses; i++) {
		fputs(i ? "             " : "", t->out);
		summary_loss(t->out, t->p, &t->p->losses[i]);
		fputc('\n', t->out);
	}
}

static void print_partial(const struct text *t)
{
	char text[256];

	if (summary_partial(t->p, text, sizeof(text)))
		fprintf(t->out, "partial      %s\n", text);
}

static int text_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct text t = {.p = p, .out = out, .width = text_width(out)};
	struct profile_totals totals = profile_totals(p);

	print_title(&t);
	if (opts->layout)
		return text_layout_print(&t, opts);
	if (profile_only_collections(p)) {
		print_collections(&t);
	} else {
		print_totals(&t, &totals);
		print_heap(&t, &totals);
		print_stacks(&t);
	}
	print_cost(&t);
	print_losses(&t);
	print_partial(&t);
	if (opts->escapes)
		return text_escapes_print(&t, opts);
	return views[opts->view](&t, opts);
}

const struct exporter exporter_text = {
	.name = "text",
	.suffix = ".txt",
	.help = "report for people: totals, losses, cost, top call sites",
	.write = text_write,
};
