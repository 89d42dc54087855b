// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Who allocated, where more than one process was tapped; and whose figures are partial. */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "export/text_views.h"
#include "report/processes.h"

static int print_row(const struct text *t, const struct process_row *row)
{
	const struct profile_target *target = &t->p->targets[row->target];
	__auto_free char *comm = text_clean(t->p, target->comm);
	__auto_free char *runtime =
		text_clean(t->p, target->version ? target->version : target->allocator);
	char bytes[32], objects[32], untapped[32] = "";

	if (!comm || !runtime)
		return -ENOMEM;
	if (target->untapped_ns)
		format_duration(untapped, sizeof(untapped), target->untapped_ns);
	fprintf(t->out, "  %8s  %8s  %8s  %8" PRIu32 "  %-15s  %s\n",
		format_bytes(bytes, sizeof(bytes), row->bytes),
		format_count(objects, sizeof(objects), row->objects), untapped, target->pid, comm,
		runtime);
	return 0;
}

static void print_rest(const struct text *t, const struct process_table *table, size_t shown)
{
	struct process_row rest = {0};
	char bytes[32], objects[32];

	for (size_t i = shown; i < table->n; i++) {
		rest.bytes += table->rows[i].bytes;
		rest.objects += table->rows[i].objects;
	}
	fprintf(t->out, "  %8s  %8s  %8s  %8s  %zu more\n",
		format_bytes(bytes, sizeof(bytes), rest.bytes),
		format_count(objects, sizeof(objects), rest.objects), "", "", table->n - shown);
}

static void print_partial(const struct text *t, const struct process_table *table)
{
	if (!table->n_partial)
		return;
	fputs("Untapped: how long it ran while not all of its probes were in, as where a library "
	      "had not been\nseen before, or where they were out for an emulator. What was "
	      "allocated there meanwhile is missing.\n",
	      t->out);
}

int text_processes_print(const struct text *t, const struct export_options *opts)
{
	struct process_table *table;
	size_t shown;
	int err = 0;

	table = process_table_new(t->p);
	if (!table)
		return -ENOMEM;
	shown = text_rows(opts, table->n);
	if (table->n > 1 || table->n_partial) {
		process_table_sort(table);
		fputs("\n     bytes   objects  untapped       pid  process          runtime\n",
		      t->out);
		for (size_t i = 0; i < shown && !err; i++)
			err = print_row(t, &table->rows[i]);
		if (!err && shown < table->n)
			print_rest(t, table, shown);
		print_partial(t, table);
	}
	process_table_free(table);
	return err;
}
