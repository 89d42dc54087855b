// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * pprof: one gzipped protobuf message, the profile's own tables with ids from 1
 * in table order (Parca accepts no others), and its string table with our own
 * words behind it.
 *
 * The sample types are those of Go's heap profile, in its order, so that files
 * merge and compare with Go's own; inuse_* are 0 unless the live heap was recorded. Our
 * map_inserts come after them; then wb_flushes, gc_pause and gc_assist, each where
 * some were recorded: viewers offer every type there is. What was counted for the
 * same stack and type is one sample: its numeric label "bytes" is the mean object
 * size, as Go labels its samples. On demand samples are of one GC cycle each, whose
 * number is the label "gc_cycle"; see pprof_samples.h for which.
 *
 * Frames of the allocator stay in the file; drop_frames makes viewers hide them.
 *
 * Each element of a table is packed as a Profile of its own that has just that
 * element; one after the other, these are the whole message (see gzip.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/gzip.h"
#include "base/intern.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "export/exporter.h"
#include "export/pprof.pb-c.h"
#include "export/pprof_samples.h"
#include "export/summary.h"
#include "report/type_names.h"

static const struct {
	const char *type, *unit;
} sample_types[VALUES] = {
	[VALUE_ALLOC_OBJECTS] = {"alloc_objects", "count"},
	[VALUE_ALLOC_SPACE] = {"alloc_space", "bytes"},
	[VALUE_INUSE_OBJECTS] = {"inuse_objects", "count"},
	[VALUE_INUSE_SPACE] = {"inuse_space", "bytes"},
	[VALUE_MAP_INSERTS] = {"map_inserts", "count"},
	[VALUE_WB_FLUSHES] = {"wb_flushes", "count"},
	[VALUE_GC_PAUSE] = {"gc_pause", "nanoseconds"},
	[VALUE_GC_ASSIST] = {"gc_assist", "nanoseconds"},
};

/*
 * What the compiler calls to allocate or insert, and what that calls in turn
 * (facts/go-runtime.md 1.2). From the root, the first frame that matches hides
 * all beneath it, so nothing may be here that calls back into the program.
 * Viewers match a name up to its first "(" only: to them a method of maps.Map is
 * "internal/runtime/maps.".
 */
#define DROP_FRAMES                                                                             \
	"runtime\\.(mallocgc.*|newobject|newarray|makeslice.*|growslice.*|makechan.*|makemap.*" \
	"|mapassign.*|mapclone.*|convT.*|concatstring.*|concatbyte.*|slicebytetostring.*"       \
	"|stringtoslice.*|slicerunetostring|intstring|rawstring.*|rawbyteslice|rawruneslice)"   \
	"|reflect\\.(unsafe_New.*|growslice|makemap|makechan|mapassign.*|mapclone)"             \
	"|internal/reflectlite\\.unsafe_New.*|internal/runtime/maps\\..*"

/* The same of native programs, whichever allocator they have. */
#define DROP_NATIVE_FRAMES                                                              \
	"|(__libc_|__|je_|tc_|mi_)?(malloc|calloc|realloc|reallocarray|memalign|valloc" \
	"|pvalloc|aligned_alloc|posix_memalign|mallocx|rallocx)"                        \
	"|operator new(\\[\\])?|__rust_alloc.*|__rust_realloc|alloc::alloc::.*"

/* Go's own MemProfileRate for "every allocation": mean bytes per sample. */
#define PERIOD_EXACT 1

/* type, bytes, pid, comm, container, gc_cycle */
#define LABELS_MAX 6

struct words {
	int64_t type, bytes, pid, comm, container, gc_cycle;
};

struct pprof {
	const struct profile *p;
	struct gzip_stream *out;
	int64_t n_strings;
	struct pprof_samples samples;
	struct words words;
	int64_t *type_names; /* strings, one per type */
	VEC(uint64_t) ids;
	VEC(Pprof__Line) lines;
	VEC(Pprof__Line *) line_pointers;
};

static int64_t add_string(struct pprof *f, const char *s)
{
	Pprof__Profile m = PPROF__PROFILE__INIT;

	m.n_string_table = 1;
	m.string_table = (char **)&s;
	gzip_stream_message(f->out, &m.base);
	return f->n_strings++;
}

static int add_clean_string(struct pprof *f, const char *s, int64_t *id)
{
	__auto_free char *clean = NULL;

	if (!utf8_valid(s)) {
		clean = utf8_clean(s, 0);
		if (!clean)
			return -ENOMEM;
	}
	*id = add_string(f, clean ? clean : s);
	return 0;
}

/* The profile's strings keep their ids. */
static int add_profile_strings(struct pprof *f)
{
	int64_t id;
	int err = 0;

	for (uint32_t i = 0; !err && i < f->p->n_strings; i++)
		err = add_clean_string(f, profile_str(f->p, i), &id);
	return err;
}

/* Types called alike get longer names: to viewers, equal labels are one. */
static int add_type_names(struct pprof *f)
{
	__auto_free enum type_name_form *forms = type_name_forms(f->p);
	int err = 0;

	f->type_names = calloc(f->p->n_types, sizeof(*f->type_names));
	if (!forms || !f->type_names)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < f->p->n_types; i++) {
		__auto_free char *name = NULL;

		f->type_names[i] = f->p->types[i].name;
		if (forms[i] == TYPE_NAME_SHORT)
			continue;
		name = type_name(f->p, i, forms[i]);
		err = name ? add_clean_string(f, name, &f->type_names[i]) : -ENOMEM;
	}
	return err;
}

static void add_words(struct pprof *f)
{
	f->words.type = add_string(f, "type");
	f->words.bytes = add_string(f, "bytes");
	f->words.pid = add_string(f, "pid");
	f->words.comm = add_string(f, "comm");
	f->words.container = add_string(f, "container");
	f->words.gc_cycle = add_string(f, "gc_cycle");
}

static void add_types(struct pprof *f)
{
	for (size_t i = 0; i < VALUES; i++) {
		Pprof__Profile m = PPROF__PROFILE__INIT;
		Pprof__ValueType type = PPROF__VALUE_TYPE__INIT, *pointer = &type;

		if (!f->samples.has[i])
			continue;
		type.type = add_string(f, sample_types[i].type);
		type.unit = add_string(f, sample_types[i].unit);
		m.n_sample_type = 1;
		m.sample_type = &pointer;
		if (i == VALUE_ALLOC_SPACE)
			m.default_sample_type = type.type;
		gzip_stream_message(f->out, &m.base);
	}
}

static void add_scalars(struct pprof *f)
{
	Pprof__Profile m = PPROF__PROFILE__INIT;
	Pprof__ValueType period_type = PPROF__VALUE_TYPE__INIT;

	period_type.type = add_string(f, "space");
	period_type.unit = f->words.bytes;
	m.period_type = &period_type;
	m.period = PERIOD_EXACT;
	m.drop_frames =
		add_string(f, profile_native(f->p) ? DROP_FRAMES DROP_NATIVE_FRAMES : DROP_FRAMES);
	m.time_nanos = (int64_t)f->p->start_unix_ns;
	m.duration_nanos = (int64_t)f->p->duration_ns;
	gzip_stream_message(f->out, &m.base);
}

static void add_comment(struct pprof *f, const char *line)
{
	Pprof__Profile m = PPROF__PROFILE__INIT;
	int64_t id = add_string(f, line);

	m.n_comment = 1;
	m.comment = &id;
	gzip_stream_message(f->out, &m.base);
}

static void print_comments(const struct profile *p, FILE *out)
{
	char held[256];

	fputs("alloctap ", out);
	summary_put(out, profile_str(p, p->tool_version));
	fputs(", ", out);
	summary_put(out, profile_str(p, p->mode));
	fputs(" mode\ntargets: ", out);
	summary_targets(out, p);
	fputs("\ncost: ", out);
	summary_cost(out, p);
	if (summary_held(p, held, sizeof(held)))
		fprintf(out, "\ncost: %s", held);
	if (!p->n_losses)
		fputs("\nlost: nothing", out);
	for (size_t i = 0; i < p->n_losses; i++) {
		fputs("\nlost: ", out);
		summary_loss(out, p, &p->losses[i]);
	}
	if (!p->heap.recorded)
		fputs("\ninuse_* are 0: frees are not tracked", out);
	else if (p->heap.partial_since_ns)
		fputs("\ninuse_* are partial: there was no room for all that lived", out);
}

static int add_comments(struct pprof *f)
{
	__auto_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int err;

	if (!out)
		return -ENOMEM;
	print_comments(f->p, out);
	err = ferror(out);
	if (fclose(out) || err)
		return -ENOMEM;
	for (char *next = text, *line; (line = strsep(&next, "\n"));)
		add_comment(f, line);
	return 0;
}

/* The target's main binary comes first: readers take mapping 0 for it. */
static uint32_t main_mapping(const struct profile *p)
{
	for (uint32_t i = 0; p->n_targets && i < p->n_mappings; i++) {
		if (p->mappings[i].target == 0 && p->mappings[i].file == p->targets[0].exe)
			return i;
	}
	return 0;
}

/* The id of a mapping: the main one swaps places with the first. */
static uint64_t mapping_id(uint32_t mapping, uint32_t main)
{
	if (mapping == PROFILE_NONE)
		return 0;
	if (mapping == main)
		return 1;
	return mapping == 0 ? (uint64_t)main + 1 : (uint64_t)mapping + 1;
}

static void add_mappings(struct pprof *f, uint32_t main)
{
	for (uint32_t i = 0; i < f->p->n_mappings; i++) {
		const struct profile_mapping *row = &f->p->mappings[i == 0      ? main
								    : i == main ? 0
										: i];
		Pprof__Profile m = PPROF__PROFILE__INIT;
		Pprof__Mapping mapping = PPROF__MAPPING__INIT, *pointer = &mapping;

		mapping.id = (uint64_t)i + 1;
		mapping.memory_start = row->start;
		mapping.memory_limit = row->limit;
		mapping.file_offset = row->offset;
		mapping.filename = row->file;
		mapping.build_id = row->build_id;
		/* Symbolised as well as can be: viewers need not look for the file. */
		mapping.has_functions = true;
		mapping.has_filenames = true;
		mapping.has_line_numbers = true;
		mapping.has_inline_frames = true;
		m.n_mapping = 1;
		m.mapping = &pointer;
		gzip_stream_message(f->out, &m.base);
	}
}

static void add_functions(struct pprof *f)
{
	for (size_t i = 0; i < f->p->n_functions; i++) {
		const struct profile_function *row = &f->p->functions[i];
		Pprof__Profile m = PPROF__PROFILE__INIT;
		Pprof__Function function = PPROF__FUNCTION__INIT, *pointer = &function;

		function.id = i + 1;
		function.name = row->name;
		function.system_name = row->system_name;
		function.filename = row->file;
		function.start_line = row->start_line;
		m.n_function = 1;
		m.function = &pointer;
		gzip_stream_message(f->out, &m.base);
	}
}

static int fill_lines(struct pprof *f, const struct profile_location *l)
{
	if (vec_reserve(&f->lines, l->n_lines) || vec_reserve(&f->line_pointers, l->n_lines))
		return -ENOMEM;
	for (uint32_t i = 0; i < l->n_lines; i++) {
		const struct profile_line *row = &f->p->lines[l->first_line + i];
		Pprof__Line *line = &f->lines.data[i];

		pprof__line__init(line);
		line->function_id = (uint64_t)row->function + 1;
		line->line = row->line;
		f->line_pointers.data[i] = line;
	}
	return 0;
}

static int add_locations(struct pprof *f, uint32_t main)
{
	for (size_t i = 0; i < f->p->n_locations; i++) {
		const struct profile_location *row = &f->p->locations[i];
		Pprof__Profile m = PPROF__PROFILE__INIT;
		Pprof__Location location = PPROF__LOCATION__INIT, *pointer = &location;

		if (fill_lines(f, row))
			return -ENOMEM;
		location.id = i + 1;
		location.mapping_id = mapping_id(row->mapping, main);
		location.address = row->address;
		location.n_line = row->n_lines;
		location.line = f->line_pointers.data;
		m.n_location = 1;
		m.location = &pointer;
		gzip_stream_message(f->out, &m.base);
	}
	return 0;
}

static size_t fill_labels(const struct pprof *f, const struct pprof_sample *g, const int64_t *pids,
			  Pprof__Label *labels)
{
	Pprof__Label *l = labels;

	for (size_t i = 0; i < LABELS_MAX; i++)
		pprof__label__init(&labels[i]);
	if (g->type) {
		l->key = f->words.type;
		l++->str = f->type_names[g->type];
	}
	if (g->values[VALUE_ALLOC_OBJECTS] > 0) {
		l->key = f->words.bytes;
		l->num = g->values[VALUE_ALLOC_SPACE] / g->values[VALUE_ALLOC_OBJECTS];
		l++->num_unit = f->words.bytes;
	}
	if (f->p->n_targets > 1) {
		l->key = f->words.pid;
		l++->str = pids[g->target];
		l->key = f->words.comm;
		l++->str = f->p->targets[g->target].comm;
	}
	if (f->p->targets[g->target].container) {
		l->key = f->words.container;
		l++->str = f->p->targets[g->target].container;
	}
	if (g->cycle) {
		l->key = f->words.gc_cycle;
		l++->num = g->cycle;
	}
	return (size_t)(l - labels);
}

static int add_sample(struct pprof *f, const struct pprof_sample *g, const int64_t *pids)
{
	const struct profile_stack *stack = &f->p->stacks[g->stack];
	Pprof__Profile m = PPROF__PROFILE__INIT;
	Pprof__Sample sample = PPROF__SAMPLE__INIT, *pointer = &sample;
	Pprof__Label labels[LABELS_MAX], *label_pointers[LABELS_MAX];
	int64_t values[VALUES];

	if (vec_reserve(&f->ids, stack->n_locations))
		return -ENOMEM;
	for (uint32_t i = 0; i < stack->n_locations; i++)
		f->ids.data[i] = (uint64_t)f->p->stack_locations[stack->first_location + i] + 1;
	for (size_t i = 0; i < LABELS_MAX; i++)
		label_pointers[i] = &labels[i];
	sample.n_location_id = stack->n_locations;
	sample.location_id = f->ids.data;
	for (size_t i = 0; i < VALUES; i++) {
		if (f->samples.has[i])
			values[sample.n_value++] = g->values[i];
	}
	sample.value = values;
	sample.n_label = fill_labels(f, g, pids, labels);
	sample.label = label_pointers;
	m.n_sample = 1;
	m.sample = &pointer;
	gzip_stream_message(f->out, &m.base);
	return 0;
}

/* Strings with the pids of all targets, when samples are labelled with them. */
static int64_t *add_pids(struct pprof *f)
{
	int64_t *pids = calloc(f->p->n_targets + 1, sizeof(*pids));

	for (size_t i = 0; pids && f->p->n_targets > 1 && i < f->p->n_targets; i++) {
		char pid[16];

		snprintf(pid, sizeof(pid), "%u", f->p->targets[i].pid);
		pids[i] = add_string(f, pid);
	}
	return pids;
}

static int add_samples(struct pprof *f)
{
	__auto_free int64_t *pids = add_pids(f);
	int err = pids ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < f->samples.list.n; i++)
		err = add_sample(f, &f->samples.list.data[i], pids);
	return err;
}

static int add_all(struct pprof *f)
{
	uint32_t main = main_mapping(f->p);
	int err = add_profile_strings(f);

	if (!err)
		err = add_type_names(f);
	if (err)
		return err;
	add_words(f);
	add_types(f);
	add_scalars(f);
	err = add_comments(f);
	if (err)
		return err;
	add_mappings(f, main);
	add_functions(f);
	err = add_locations(f, main);
	return err ? err : add_samples(f);
}

static int pprof_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct pprof f = {.p = p, .out = gzip_stream_new(out)};
	int err;

	if (!f.out)
		return -ENOMEM;
	err = pprof_samples_make(&f.samples, p, opts->gc_cycle);
	if (!err)
		err = add_all(&f);
	gzip_stream_finish(f.out);
	pprof_samples_free(&f.samples);
	free(f.type_names);
	vec_free(&f.ids);
	vec_free(&f.lines);
	vec_free(&f.line_pointers);
	return err;
}

const struct exporter exporter_pprof = {
	.name = "pprof",
	.suffix = ".pb.gz",
	.help = "for go tool pprof, Pyroscope, Parca and the like",
	.write = pprof_write,
};
