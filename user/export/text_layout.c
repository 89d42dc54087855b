// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * How a struct is laid out. Fields of fields that are structs themselves are
 * shown below them, one level deep; their offsets are those in the whole.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "base/utf8.h"
#include "binary/go_kind.h"
#include "export/text_views.h"
#include "report/types.h"

/* What the columns before the name take; see print_field(). */
#define FIGURES_WIDTH 45
#define INDENT        2

struct layout_text {
	const struct text *t;
	struct type_layout *layout;
	uint32_t target, type;
	size_t pad; /* of names of fields */
};

static void print_number(FILE *out, int width, uint64_t n)
{
	if (n)
		fprintf(out, "  %*" PRIu64, width, n);
	else
		fprintf(out, "  %*s", width, "");
}

static int print_field(const struct layout_text *l, const struct layout_field *f, uint64_t base,
		       size_t indent)
{
	const struct text *t = l->t;
	__auto_free char *name = text_clean(t->p, f->name);
	__auto_free char *type = text_type(t->p, f->type, TYPE_NAME_SHORT);
	__auto_free char *what = NULL;

	if (!name || !type || asprintf(&what, "%s%s", type, f->embedded ? " (embedded)" : "") < 0) {
		what = NULL;
		return -ENOMEM;
	}
	fprintf(t->out, "%7" PRIu64 "  %7" PRIu64 "  %5u", base + f->offset, f->size, f->align);
	print_number(t->out, 7, f->padding);
	fprintf(t->out, "  %8s  %*s", f->pointers ? "yes" : "", (int)indent, "");
	text_label(t, FIGURES_WIDTH + indent, name, what, l->pad - indent);
	return 0;
}

static bool is_struct(const struct profile *p, uint32_t type)
{
	return p->types[type].kind == GO_KIND_STRUCT && p->types[type].n_fields;
}

static int print_inner(const struct layout_text *l, const struct layout_field *outer)
{
	struct type_layout *inner = type_layout_new(l->t->p, l->target, outer->type);
	int err = 0;

	/* The outer one is sound; this one need not be, and is not what was asked for. */
	if (!inner)
		return errno == ENOMEM ? -ENOMEM : 0;
	for (size_t i = 0; !err && i < inner->n_fields; i++)
		err = print_field(l, &inner->fields[i], outer->offset, INDENT);
	type_layout_free(inner);
	return err;
}

static int print_fields(struct layout_text *l)
{
	const struct text *t = l->t;
	int err = 0;

	for (size_t i = 0; i < l->layout->n_fields; i++)
		l->pad = text_pad(t->p, l->layout->fields[i].name, l->pad);
	l->pad += INDENT;
	fputs("\n offset     size  align  padding  pointers  field\n", t->out);
	for (size_t i = 0; !err && i < l->layout->n_fields; i++) {
		const struct layout_field *f = &l->layout->fields[i];

		err = print_field(l, f, 0, 0);
		if (!err && is_struct(t->p, f->type))
			err = print_inner(l, f);
	}
	return err;
}

static int print_padding(const struct layout_text *l)
{
	const char *before = ": ";

	fprintf(l->t->out, "\npadding      %" PRIu64 " bytes", l->layout->padding);
	for (size_t i = 0; i < l->layout->n_fields; i++) {
		const struct layout_field *f = &l->layout->fields[i];
		__auto_free char *name = text_clean(l->t->p, f->name);

		if (!name)
			return -ENOMEM;
		if (!f->padding)
			continue;
		fprintf(l->t->out, "%s%" PRIu64 " behind %s", before, f->padding, name);
		before = ", ";
	}
	fputc('\n', l->t->out);
	return 0;
}

static void print_pointers(const struct layout_text *l)
{
	uint64_t bytes = l->t->p->types[l->type].ptr_bytes;

	fputs("pointers     ", l->t->out);
	if (bytes)
		fprintf(l->t->out,
			"in %u of %zu fields: the collector looks through the first %" PRIu64
			" bytes\n",
			l->layout->pointer_fields, l->layout->n_fields, bytes);
	else
		fputs("none: the collector does not look inside\n", l->t->out);
}

static void print_heap(const struct layout_text *l)
{
	uint64_t bytes = l->layout->heap_bytes, unused = bytes - l->layout->size;

	fprintf(l->t->out, "heap         %" PRIu64 " bytes for one", bytes);
	if (unused)
		fprintf(l->t->out, ": %" PRIu64 " (%.1f%%) are not its own", unused,
			text_percent(unused, bytes));
	fputc('\n', l->t->out);
}

static int print_order(const struct layout_text *l)
{
	const struct type_layout *layout = l->layout;
	FILE *out = l->t->out;

	if (layout->optimal_size == layout->size) {
		fputs("best order   this one: no other is smaller\n", out);
		return 0;
	}
	fprintf(out, "best order   %" PRIu64 " bytes, on the heap %" PRIu64 ": ",
		layout->optimal_size, layout->optimal_heap_bytes);
	for (size_t i = 0; i < layout->n_fields; i++) {
		__auto_free char *name = text_clean(l->t->p, layout->fields[layout->order[i]].name);

		if (!name)
			return -ENOMEM;
		fprintf(out, "%s%s", i ? ", " : "", name);
	}
	fputc('\n', out);
	return 0;
}

static void print_recorded(const struct layout_text *l, const struct type_row *row)
{
	FILE *out = l->t->out;
	char objects[32], bytes[32], saving[32];

	fprintf(out, "recorded     %s objects, %s",
		format_count(objects, sizeof(objects), row->objects),
		format_bytes(bytes, sizeof(bytes), row->bytes));
	if (row->singles < row->objects)
		fprintf(out, " (%" PRIu64 " of them arrays)", row->objects - row->singles);
	if (row->slice_objects)
		fprintf(out, "; %s arrays of slices, %s",
			format_count(objects, sizeof(objects), row->slice_objects),
			format_bytes(bytes, sizeof(bytes), row->slice_bytes));
	if (l->layout->optimal_size < l->layout->size)
		fprintf(out, "; the best order would have spared %s",
			format_bytes(saving, sizeof(saving), type_row_saving(row, l->layout)));
	fputc('\n', out);
}

static int print_layout(struct layout_text *l, const struct type_row *row)
{
	const struct profile *p = l->t->p;
	__auto_free char *name = text_type(p, l->type, TYPE_NAME_PATH);
	int err;

	if (!name)
		return -ENOMEM;
	fprintf(l->t->out, "\n%s: a struct of %" PRIu64 " bytes, aligned to %u\n", name,
		l->layout->size, p->types[l->type].align);
	err = print_fields(l);
	if (!err)
		err = print_padding(l);
	if (err)
		return err;
	print_pointers(l);
	print_heap(l);
	err = print_order(l);
	if (!err)
		print_recorded(l, row);
	return err;
}

int text_layout_print(const struct text *t, const struct export_options *opts)
{
	struct type_table *table = type_table_new(t->p);
	struct layout_text l = {.t = t, .type = opts->layout};
	struct type_row row;
	int err;

	if (!table)
		return -ENOMEM;
	row = type_table_find(table, t->p, l.type);
	type_table_free(table);
	l.target = row.target;
	l.layout = type_layout_new(t->p, l.target, l.type);
	err = l.layout ? print_layout(&l, &row) : -errno;
	type_layout_free(l.layout);
	return err;
}
