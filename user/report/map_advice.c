// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What to change, where what was seen supports it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"
#include "report/map_private.h"

/* Not worth a change to a program, however large the share of it. */
#define SAVING_MIN 4096
/* ... nor is less than this share of what the inserts of the row allocate. */
#define SAVING_SHARE 0.1

static const char *const advice_names[MAP_ADVICE_MAX] = {
	[MAP_ADVICE_PRESIZE] = "presize",           [MAP_ADVICE_POINTERS] = "pointers",
	[MAP_ADVICE_SHRINK_VALUE] = "shrink_value", [MAP_ADVICE_REORDER] = "reorder",
	[MAP_ADVICE_INTEGER_KEY] = "integer_key",
};

const char *map_advice_name(enum map_advice_kind kind)
{
	return advice_names[kind];
}

static bool worth_it(const struct map_row *r, double saving)
{
	return saving >= SAVING_MIN && saving >= SAVING_SHARE * (double)r->bytes;
}

/* Takes @text; NULL means there was no memory for it. */
static int give(struct map_row *r, enum map_advice_kind kind, double saving, char *text)
{
	struct map_advice *all = reallocarray(r->advice, r->n_advice + 1, sizeof(*all));

	if (all)
		r->advice = all;
	if (!all || !text) {
		free(text);
		return -ENOMEM;
	}
	all[r->n_advice++] = (struct map_advice){kind, (uint64_t)saving, text};
	return 0;
}

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

/* "main.go:42", or the function where the line is not known. */
static char *place_of(const struct profile *p, struct profile_line site)
{
	const struct profile_function *f = &p->functions[site.function];
	const char *file = profile_str(p, f->file), *slash = strrchr(file, '/');

	if (!*file || !site.line)
		return make_text("%s", profile_str(p, f->name));
	return make_text("%s:%u", slash ? slash + 1 : file, site.line);
}

static int advise_presize(struct map_work *w, struct map_row *r)
{
	const struct profile *p = w->p;
	__auto_free char *place = NULL;
	char maps[32], growths[32];

	if (!worth_it(r, (double)r->presize_saving_bytes))
		return 0;
	place = place_of(p, r->site);
	if (!place)
		return -ENOMEM;
	return give(r, MAP_ADVICE_PRESIZE, (double)r->presize_saving_bytes,
		    make_text("The maps inserted into at %s grew %s times (%s of them, to %" PRIu64
			      " entries at the most): make them with make(%s, n), n being what "
			      "they come to.",
			      place, format_count(growths, sizeof(growths), r->growths),
			      format_count(maps, sizeof(maps), r->grown_maps),
			      map_add(r->largest, 1), profile_str(p, p->types[r->type].name)));
}

static int compare_advice(const void *x, const void *y)
{
	const struct map_advice *a = x, *b = y;

	if (a->saving_bytes != b->saving_bytes)
		return a->saving_bytes < b->saving_bytes ? 1 : -1;
	return (int)a->kind - (int)b->kind;
}

int map_advice_add(struct map_work *w)
{
	for (size_t i = 0; i < w->rows.n; i++) {
		struct map_row *r = &w->rows.data[i];
		int err = advise_presize(w, r);

		if (err)
			return err;
		if (r->n_advice)
			qsort(r->advice, r->n_advice, sizeof(*r->advice), compare_advice);
	}
	return 0;
}
