// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "export/json_parts.h"

void json_targets(struct json_writer *w, const struct profile *p, const struct process_table *sums)
{
	json_array(w, "targets");
	for (size_t i = 0; i < p->n_targets; i++) {
		const struct profile_target *t = &p->targets[i];

		json_object(w, NULL);
		json_uint(w, "pid", t->pid);
		json_string(w, "comm", profile_str(p, t->comm));
		json_string(w, "exe", profile_str(p, t->exe));
		json_string(w, "runtime", profile_str(p, t->runtime));
		json_string(w, "version", profile_str(p, t->version));
		if (t->ppid)
			json_uint(w, "ppid", t->ppid);
		if (t->container)
			json_string(w, "container", profile_str(p, t->container));
		if (t->allocator)
			json_string(w, "allocator", profile_str(p, t->allocator));
		if (t->start_ns)
			json_uint(w, "start_ns", t->start_ns);
		if (t->end_ns)
			json_uint(w, "end_ns", t->end_ns);
		if (t->untapped_ns)
			json_uint(w, "untapped_ns", t->untapped_ns);
		if (sums) {
			json_uint(w, "alloc_objects", sums->rows[i].objects);
			json_uint(w, "alloc_bytes", sums->rows[i].bytes);
			json_uint(w, "map_inserts", sums->rows[i].inserts);
		}
		json_end(w);
	}
	json_end(w);
}

void json_cost(struct json_writer *w, const struct profile_cost *c)
{
	json_object(w, "cost");
	json_uint(w, "hits", c->hits);
	json_double(w, "ns_per_hit", c->trap_ns + c->program_ns);
	json_double(w, "trap_ns", c->trap_ns);
	json_double(w, "program_ns", c->program_ns);
	json_double(w, "target_cpu_share", c->target_cpu_share);
	if (c->holds.programs) {
		json_object(w, "held");
		json_uint(w, "programs", c->holds.programs);
		json_uint(w, "late", c->holds.late);
		json_uint(w, "total_ns", c->holds.total_ns);
		json_uint(w, "longest_ns", c->holds.longest_ns);
		json_end(w);
	}
	json_end(w);
}

void json_line(struct json_writer *w, const struct profile *p, struct profile_line line)
{
	const struct profile_function *f = &p->functions[line.function];

	json_string(w, "func", profile_str(p, f->name));
	json_string(w, "file", profile_str(p, f->file));
	json_uint(w, "line", line.line);
}
