// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "export/summary.h"

#define TARGETS_NAMED 3

void summary_put(FILE *out, const char *s)
{
	__auto_free char *clean = utf8_clean(s, '?');

	/* Out of memory for one string: the rest of the line still says something. */
	fputs(clean ? clean : "?", out);
}

void summary_targets(FILE *out, const struct profile *p)
{
	size_t named = p->n_targets > TARGETS_NAMED + 1 ? TARGETS_NAMED : p->n_targets;

	for (size_t i = 0; i < named; i++) {
		const struct profile_target *t = &p->targets[i];
		const char *version = profile_str(p, t->version ? t->version : t->allocator);

		fputs(i ? ", " : "", out);
		summary_put(out, profile_str(p, t->comm));
		fprintf(out, " (pid %u%s", t->pid, *version ? ", " : "");
		summary_put(out, version);
		fputc(')', out);
	}
	if (named < p->n_targets)
		fprintf(out, " and %zu more", p->n_targets - named);
	else if (!named)
		fputs("nothing", out);
}

void summary_cost(FILE *out, const struct profile *p)
{
	const struct profile_cost *c = &p->cost;
	char hits[32];

	fprintf(out, "%s probe hits", format_count(hits, sizeof(hits), c->hits));
	if (c->trap_ns + c->program_ns > 0)
		fprintf(out,
			" x %.0f ns (%.0f ns trap, %.0f ns program) = %.1f%% of the %s CPU time",
			c->trap_ns + c->program_ns, c->trap_ns, c->program_ns,
			c->target_cpu_share * 100, p->n_targets > 1 ? "targets'" : "target's");
	else
		fputs(", time per hit not measured", out);
}

bool summary_held(const struct profile *p, char *text, size_t size)
{
	const struct profile_holds *h = &p->cost.holds;
	char total[32], longest[32], late[64] = "";

	if (h->late)
		snprintf(late, sizeof(late), ", %" PRIu64 " of them not long enough", h->late);
	if (h->programs)
		snprintf(text, size,
			 "%" PRIu64 " new program%s held at the start until probes were in: %s in "
			 "all, %s at most%s",
			 h->programs, h->programs == 1 ? " was" : "s were",
			 format_duration(total, sizeof(total), h->total_ns),
			 format_duration(longest, sizeof(longest), h->longest_ns), late);
	return h->programs > 0;
}

bool summary_partial(const struct profile *p, char *text, size_t size)
{
	uint64_t longest = 0;
	size_t n = 0;
	char time[32];

	for (size_t i = 0; i < p->n_targets; i++) {
		uint64_t untapped = p->targets[i].untapped_ns;

		n += untapped > 0;
		longest = untapped > longest ? untapped : longest;
	}
	if (n)
		snprintf(text, size,
			 "%zu of %zu process%s ran, for %s at most, while not all of their probes "
			 "were in",
			 n, p->n_targets, p->n_targets == 1 ? "" : "es",
			 format_duration(time, sizeof(time), longest));
	return n > 0;
}

void summary_loss(FILE *out, const struct profile *p, const struct profile_loss *loss)
{
	fprintf(out, "%" PRIu64 " ", loss->count);
	summary_put(out, profile_str(p, loss->reason));
	fputs(": ", out);
	summary_put(out, profile_str(p, loss->text));
}
