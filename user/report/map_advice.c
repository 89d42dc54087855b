// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What to change, where what was seen supports it. Each piece of advice comes with
 * the bytes it would have saved of those counted; one that saves little is not
 * given, so that a map that is fine has none.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "binary/go_kind.h"
#include "report/map_callers.h"
#include "report/map_sizes.h"

/* Not worth a change to a program, however large the share of it. */
#define SAVING_MIN 4096
/* "About one for each insert", of strings and objects a function makes. */
#define PER_INSERT_MIN 0.5
#define PER_INSERT_MAX 4
/* Inserts for each entry ever held from which on a map is said to replace them. */
#define REPLACING 4
/* Values up to this size are boxed (runtime/map.go, internal/abi/map.go), ... */
#define BOX_LIMIT 128
/* ... and from twice that on, making them small enough is another design. */
#define SHRINK_LIMIT 256
/* Smaller values are copied as fast as pointers to them. */
#define COPY_MIN 64

static const struct kind {
	const char *name;
	/* Less than this share of what a row's inserts allocate is not worth it. */
	double share;
} kinds[MAP_ADVICE_MAX] = {
	/* One number more in one line: but it has to be known there. */
	[MAP_ADVICE_PRESIZE] = {"presize", 0.15},
	/* Changes all who use the map. */
	[MAP_ADVICE_POINTERS] = {"pointers", 0.15},
	/* What is cut off a value has to be kept somewhere: the largest change of all. */
	[MAP_ADVICE_SHRINK_VALUE] = {"shrink_value", 0.22},
	/* Lines of a declaration change places. */
	[MAP_ADVICE_REORDER] = {"reorder", 0.05},
	/* Of all the strings and inserts allocate: see advise_integer_key(). */
	[MAP_ADVICE_INTEGER_KEY] = {"integer_key", 0.15},
};

const char *map_advice_name(enum map_advice_kind kind)
{
	return kinds[kind].name;
}

/* One row, and what advice on it is made from. */
struct subject {
	struct map_work *work;
	const struct map_callers *callers;
	const uint64_t *string_inserts; /* of each function, those with a string as the key */
	struct map_row *row;
	const struct map_detail *detail;
	const struct profile_type *map, *key, *elem;
	const struct map_value *value;
	const struct go_heap *heap;
	struct map_shape shape;
	double tables; /* bytes of buckets, groups and tables */
	char *place;   /* "main.go:42" */
};

__attribute__((format(printf, 1, 2))) static char *make_text(const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	return length < 0 ? NULL : text;
}

static const char *name_of(const struct subject *s, const struct profile_type *t)
{
	return profile_str(s->work->p, t->name);
}

static const char *function_of(const struct subject *s)
{
	const struct profile *p = s->work->p;

	return profile_str(p, p->functions[s->row->site.function].name);
}

/* "main.go:42", or the function where the line is not known. */
char *map_place_of(const struct profile *p, struct profile_line site)
{
	const struct profile_function *f = &p->functions[site.function];
	const char *file = profile_str(p, f->file), *slash = strrchr(file, '/');

	if (!*file || !site.line)
		return strdup(profile_str(p, f->name));
	return make_text("%s:%u", slash ? slash + 1 : file, site.line);
}

static bool worth_it(const struct subject *s, enum map_advice_kind kind, double saving)
{
	return saving >= SAVING_MIN && saving >= kinds[kind].share * (double)s->row->bytes;
}

/* Takes @text; NULL means there was no memory for it. */
static int give(const struct subject *s, enum map_advice_kind kind, double saving, char *text)
{
	struct map_row *r = s->row;
	struct map_advice *all = reallocarray(r->advice, r->n_advice + 1, sizeof(*all));

	if (all)
		r->advice = all;
	if (!all || !text) {
		free(text);
		return -ENOMEM;
	}
	all[r->n_advice++] =
		(struct map_advice){kind, saving < 0x1p63 ? (uint64_t)saving : UINT64_MAX, text};
	return 0;
}

/* How many maps there were at least. */
static uint64_t maps_of(const struct map_row *r)
{
	uint64_t first = r->causes[MAP_CAUSE_FIRST].objects;
	uint64_t maps = first > r->grown_maps ? first : r->grown_maps;

	return maps ? maps : 1;
}

/* What the tables seen would have taken less with another group; negative: more. */
static double narrower_tables(const struct subject *s, struct map_part key, struct map_part elem)
{
	struct map_shape with = map_shape_with(&s->shape, key, elem);
	double firsts = (double)s->row->causes[MAP_CAUSE_FIRST].objects;

	return firsts * (double)map_table_bytes(&s->shape, s->heap, MAP_LEVEL_FIRST) -
	       firsts * (double)map_table_bytes(&with, s->heap, MAP_LEVEL_FIRST) +
	       map_grown_bytes(s->work, s->row, s->detail, &s->shape) -
	       map_grown_bytes(s->work, s->row, s->detail, &with);
}

static int advise_presize(const struct subject *s)
{
	const struct map_row *r = s->row;
	double saving = (double)r->presize_saving_bytes;
	char growths[32], maps[32];
	char *text;

	if (!worth_it(s, MAP_ADVICE_PRESIZE, saving))
		return 0;
	format_times(growths, sizeof(growths), r->growths);
	format_count(maps, sizeof(maps), r->grown_maps);
	if (r->grown_maps > 1)
		text = make_text("The %s maps inserted into at %s grew %s, to %" PRIu64
				 " entries at the most: make them with make(%s, n).",
				 maps, s->place, growths, map_row_entries(r), name_of(s, s->map));
	else
		text = make_text("The map inserted into at %s grew %s, to %" PRIu64
				 " entries: make it with make(%s, %" PRIu64 ").",
				 s->place, growths, map_row_entries(r), name_of(s, s->map),
				 map_row_entries(r));
	return give(s, MAP_ADVICE_PRESIZE, saving, text);
}

/* Values of their own for keys that come and go: what is held is made again and again. */
static int advise_boxes(const struct subject *s)
{
	const struct map_cause_sum *boxes = &s->detail->elem_boxes;
	uint64_t held = map_mul(map_row_entries(s->row), maps_of(s->row));
	char objects[32], bytes[32], pool[160] = "";

	if (!worth_it(s, MAP_ADVICE_POINTERS, (double)boxes->bytes))
		return 0;
	if (boxes->objects / REPLACING >= held)
		snprintf(pool, sizeof(pool),
			 " Keys come and go, no more than %" PRIu64
			 " at a time: where nothing else holds the values, take them from a "
			 "sync.Pool.",
			 held);
	return give(
		s, MAP_ADVICE_POINTERS, (double)boxes->bytes,
		make_text("Values of %s have %" PRIu64 " bytes, and over %d each is an object "
			  "of its own: %s objects, %s, at %s. Store pointers to values that are "
			  "there anyway, or split the value.%s",
			  name_of(s, s->elem), s->elem->size, BOX_LIMIT,
			  format_count(objects, sizeof(objects), boxes->objects),
			  format_bytes(bytes, sizeof(bytes), boxes->bytes), s->place, pool));
}

static bool per_insert(const struct subject *s, uint64_t objects)
{
	return (double)objects >= PER_INSERT_MIN * (double)s->row->inserts &&
	       (double)objects <= PER_INSERT_MAX * (double)s->row->inserts;
}

/* Pointers to objects that are made for each insert, for keys that are there. */
static int advise_pool(const struct subject *s)
{
	uint32_t pointee = map_callers_pointee(s->callers, s->map->elem);
	uint64_t held = map_mul(map_row_entries(s->row), maps_of(s->row));
	struct map_cause_sum made = {0};
	char objects[32], bytes[32];
	double saving;

	if (pointee)
		made = map_callers_sum(s->callers, s->row->site.function, pointee);
	if (!per_insert(s, made.objects) || made.objects / REPLACING < held)
		return 0;
	saving = (double)made.bytes * (1 - (double)held / (double)made.objects);
	if (saving < SAVING_MIN)
		return 0;
	return give(
		s, MAP_ADVICE_POINTERS, saving,
		make_text("%s makes a %s for each insert at %s, %s objects, %s, while no more than "
			  "%" PRIu64 " are held: use the replaced ones again, from a sync.Pool.",
			  function_of(s), name_of(s, &s->work->p->types[pointee]), s->place,
			  format_count(objects, sizeof(objects), made.objects),
			  format_bytes(bytes, sizeof(bytes), made.bytes), held));
}

/* Large values in the table, made on the heap by the caller and copied from there. */
static int advise_copies(const struct subject *s)
{
	struct map_cause_sum made =
		map_callers_sum(s->callers, s->row->site.function, s->map->elem);
	struct map_part pointer = {8, 8, true};
	double saving = narrower_tables(s, s->shape.key, pointer);
	char objects[32];

	/* Presizing spares some of those tables as they are. */
	if (s->tables > 0)
		saving *= 1 - (double)s->row->presize_saving_bytes / s->tables;
	if (s->elem->size < COPY_MIN || !per_insert(s, made.objects) ||
	    !worth_it(s, MAP_ADVICE_POINTERS, saving))
		return 0;
	return give(s, MAP_ADVICE_POINTERS, saving,
		    make_text("%s makes %s objects of %s, %" PRIu64 " bytes each, and copies them "
			      "into the map at %s: store pointers to them.",
			      function_of(s), format_count(objects, sizeof(objects), made.objects),
			      name_of(s, s->elem), s->elem->size, s->place));
}

static int advise_pointers(const struct subject *s)
{
	if (s->map->flags & PROFILE_TYPE_ELEM_BOXED)
		return advise_boxes(s);
	return s->elem->kind == GO_KIND_POINTER ? advise_pool(s) : advise_copies(s);
}

/*
 * What maps with values of @size in their tables take more than with boxes. Those
 * that were made with room are not among the bytes counted: they are reckoned anew.
 */
static double wider_tables(const struct subject *s, uint64_t size)
{
	struct map_part part = {size, s->elem->align, s->elem->ptr_bytes > 0};
	struct map_shape with = map_shape_with(&s->shape, s->shape.key, part);
	uint64_t n = map_row_entries(s->row);
	double now = map_filled_bytes(&s->shape, s->heap, n);
	double then = map_filled_bytes(&with, s->heap, n);
	double filled = (double)s->detail->elem_boxes.objects / (double)n;
	double presized = (then > now ? then - now : 0) * (filled > 1 ? filled : 1);
	double grown = -narrower_tables(s, s->shape.key, part);

	return presized > grown ? presized : grown;
}

static int advise_shrink(const struct subject *s)
{
	const struct map_cause_sum *boxes = &s->detail->elem_boxes;
	bool ordered = s->value->optimal_size <= BOX_LIMIT;
	uint64_t size = ordered ? s->value->optimal_size : BOX_LIMIT;
	char taken[32], more[32], how[64] = "";
	double wider, saving;

	if (!boxes->objects || (!ordered && s->elem->size > SHRINK_LIMIT))
		return 0;
	wider = wider_tables(s, size);
	saving = (double)boxes->bytes - wider;
	if (!worth_it(s, MAP_ADVICE_SHRINK_VALUE, saving))
		return 0;
	if (ordered)
		snprintf(how, sizeof(how), " (%" PRIu64 " with fields ordered by alignment)", size);
	return give(s, MAP_ADVICE_SHRINK_VALUE, saving,
		    make_text("Values of %s have %" PRIu64 " bytes%s. With %d or fewer they are "
			      "kept in the table: no objects (%s at %s), %s more for tables.",
			      name_of(s, s->elem), s->elem->size, how, BOX_LIMIT,
			      format_bytes(taken, sizeof(taken), boxes->bytes), s->place,
			      format_bytes(more, sizeof(more), (uint64_t)wider)));
}

static int advise_reorder(const struct subject *s)
{
	uint64_t size = s->value->optimal_size;
	bool boxed = s->map->flags & PROFILE_TYPE_ELEM_BOXED, pointers = s->elem->ptr_bytes > 0;
	struct map_part part = {size, s->elem->align, pointers};
	double saving;

	/* Values that ordering alone brings under the limit: advise_shrink(). */
	if (size >= s->elem->size || (boxed && size <= BOX_LIMIT))
		return 0;
	if (boxed)
		saving = (double)s->detail->elem_boxes.objects *
			 (double)(go_heap_bytes(s->heap, s->elem->size, pointers) -
				  go_heap_bytes(s->heap, size, pointers));
	else
		saving = narrower_tables(s, s->shape.key, part);
	if (!worth_it(s, MAP_ADVICE_REORDER, saving))
		return 0;
	return give(s, MAP_ADVICE_REORDER, saving,
		    make_text("Of the %" PRIu64 " bytes of %s, stored at %s, %" PRIu64
			      " are padding: with its fields ordered by alignment, largest "
			      "first, it takes %" PRIu64 ".",
			      s->elem->size, name_of(s, s->elem), s->place, s->value->padding,
			      size));
}

static int advise_integer_key(const struct subject *s)
{
	uint32_t function = s->row->site.function;
	struct map_part word = {8, 8, false};
	struct map_cause_sum strings = {0};
	char objects[32], bytes[32];
	double saving, share;

	if (s->key->kind == GO_KIND_STRING && s->string_inserts[function])
		strings = map_callers_strings(s->callers, function);
	if (!strings.objects)
		return 0;
	/* Several maps in one function have a part each. */
	share = (double)s->row->inserts / (double)s->string_inserts[function];
	strings.objects = (uint64_t)((double)strings.objects * share);
	strings.bytes = (uint64_t)((double)strings.bytes * share);
	saving = (double)strings.bytes + narrower_tables(s, word, s->shape.elem);
	if (!per_insert(s, strings.objects) || saving < SAVING_MIN ||
	    saving < kinds[MAP_ADVICE_INTEGER_KEY].share *
			     ((double)s->row->bytes + (double)strings.bytes))
		return 0;
	return give(
		s, MAP_ADVICE_INTEGER_KEY, saving,
		make_text("%s makes about a string for each insert at %s, %s of them, %s. If it is "
			  "a number they spell, make that the key.",
			  function_of(s), s->place,
			  format_count(objects, sizeof(objects), strings.objects),
			  format_bytes(bytes, sizeof(bytes), strings.bytes)));
}

static int compare_advice(const void *x, const void *y)
{
	const struct map_advice *a = x, *b = y;

	if (a->saving_bytes != b->saving_bytes)
		return a->saving_bytes < b->saving_bytes ? 1 : -1;
	return (int)a->kind - (int)b->kind;
}

static int advise(const struct subject *s)
{
	struct map_row *r = s->row;
	int err = advise_presize(s);

	if (!err)
		err = advise_pointers(s);
	if (!err)
		err = advise_shrink(s);
	if (!err)
		err = advise_reorder(s);
	if (!err)
		err = advise_integer_key(s);
	if (!err && r->n_advice)
		qsort(r->advice, r->n_advice, sizeof(*r->advice), compare_advice);
	return err;
}

static int advise_row(struct map_work *w, size_t i, struct subject *s)
{
	const struct profile *p = w->p;
	struct map_row *r = &w->rows.data[i];
	const struct profile_type *m = &p->types[r->type];
	int err;

	/* Of maps whose parts are not known there is nothing to say but how they grew. */
	s->row = r;
	s->detail = &w->details.data[i];
	s->map = m;
	s->key = &p->types[m->key];
	s->elem = &p->types[m->elem];
	s->value = map_value_of(w, r->target, m->elem);
	s->heap = &w->heaps[r->target];
	s->shape = map_shape_of(p, r->type);
	s->tables = (double)r->causes[MAP_CAUSE_GROWTH].bytes +
		    (double)r->causes[MAP_CAUSE_OVERFLOW].bytes +
		    (double)r->causes[MAP_CAUSE_DIRECTORY].bytes +
		    (double)r->causes[MAP_CAUSE_FIRST].bytes;
	s->place = map_place_of(p, r->site);
	err = s->value && s->place ? advise(s) : -ENOMEM;
	free(s->place);
	return err;
}

int map_advice_add(struct map_work *w)
{
	const struct profile *p = w->p;
	struct map_callers *callers = map_callers_new(w);
	__auto_free uint64_t *string_inserts = calloc(p->n_functions + 1, sizeof(*string_inserts));
	struct subject s = {.work = w, .callers = callers, .string_inserts = string_inserts};
	int err = callers && string_inserts ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < w->rows.n; i++) {
		const struct map_row *r = &w->rows.data[i];
		uint64_t *n = &string_inserts[r->site.function];

		if (p->types[p->types[r->type].key].kind == GO_KIND_STRING)
			*n = map_add(*n, r->inserts);
	}
	for (size_t i = 0; !err && i < w->rows.n; i++)
		err = advise_row(w, i, &s);
	map_callers_free(callers);
	return err;
}
