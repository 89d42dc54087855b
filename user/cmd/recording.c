// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report and export: everything that begins with a recording and needs no root. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cmd/commands.h"
#include "profile/recording.h"
#include "report/type_layout.h"
#include "report/type_names.h"

static bool needs_live(const struct export_options *e)
{
	return e->view == VIEW_LEAKS || e->unit == UNIT_INUSE || e->unit == UNIT_INUSE_OBJECTS;
}

/* 0 with @p read, the caller's to free; or an exit code with the reason printed. */
static int read_operand(const struct options *o, const char *command, struct profile **p)
{
	if (o->n_operands != 1) {
		log_error("%s: name one recording: see alloctap %s --help", command, command);
		return EXIT_USAGE;
	}
	*p = recording_read(o->operands[0]);
	if (!*p)
		return EXIT_FAILED;
	if ((*p)->heap.recorded || !needs_live(&o->export))
		return 0;
	log_error("%s: nothing in it tells what lives: record native programs with --live",
		  o->operands[0]);
	profile_free(*p);
	return EXIT_USAGE;
}

/* "main.User, main.user": such that each finds its type. The caller's to free. */
static char *list_matches(const struct profile *p, const struct type_matches *m)
{
	__auto_free enum type_name_form *forms = type_name_forms_among(p, m->types, m->n);
	__auto_free char *list = NULL;
	size_t size;
	FILE *out = open_memstream(&list, &size);

	for (size_t i = 0; out && forms && i < m->n; i++) {
		__auto_free char *name = type_name(p, m->types[i], forms[i]);

		fprintf(out, "%s%s", i ? ", " : "", name ? name : "");
	}
	if (!out || fclose(out) || !forms)
		return NULL;
	return utf8_clean(list, '?');
}

static void say_matches(const struct options *o, const struct profile *p,
			const struct type_matches *m)
{
	const char *file = o->operands[0], *wanted = o->layout;
	__auto_free char *list = list_matches(p, m);

	if (!list)
		log_error("%s: %s", file, strerror(ENOMEM));
	else if (!m->n)
		log_error("%s: no type in it is called %s: see --view types", file, wanted);
	else if (m->near)
		log_error("%s: no type in it is called %s: did you mean %s?", file, wanted, list);
	else
		log_error("%s: %s may be any of these: %s", file, wanted, list);
}

static void say_no_layout(const struct options *o, int err)
{
	const char *file = o->operands[0], *name = o->layout;

	if (err == EINVAL)
		log_error("%s: %s is no struct whose fields were recorded", file, name);
	else if (err == EBADMSG)
		log_error("%s: damaged recording: fields of %s do not fit it", file, name);
	else
		log_error("%s: %s", file, strerror(err));
}

/* The type that was asked for goes to @opts. 0, or an exit code with the reason printed. */
static int find_layout(const struct options *o, const struct profile *p,
		       struct export_options *opts)
{
	struct type_matches m = {0};
	struct type_layout *l;

	if (type_names_find(p, o->layout, &m) || m.n != 1 || m.near) {
		say_matches(o, p, &m);
		return EXIT_FAILED;
	}
	l = type_layout_new(p, 0, m.types[0]);
	if (!l)
		say_no_layout(o, errno);
	opts->layout = m.types[0];
	type_layout_free(l);
	return l ? 0 : EXIT_FAILED;
}

static int report(const struct options *o, const struct profile *p)
{
	struct export_options opts = o->export;
	int code = o->layout ? find_layout(o, p, &opts) : 0;

	if (code)
		return code;
	return export_profile(p, o->format ? o->format : &exporter_text, &opts, "-") ? EXIT_FAILED
										     : EXIT_OK;
}

int cmd_report(const struct options *o)
{
	struct profile *p;
	int code = read_operand(o, "report", &p);

	if (code)
		return code;
	code = report(o, p);
	profile_free(p);
	return code;
}

int cmd_export(const struct options *o)
{
	struct profile *p;
	int code, err = 0;

	if (!o->outputs.n) {
		log_error("export: name at least one -o FILE: see alloctap export --help");
		return EXIT_USAGE;
	}
	code = read_operand(o, "export", &p);
	if (code)
		return code;
	vec_for_each (&o->outputs, out) {
		if (export_profile(p, out->exporter, &o->export, out->path))
			err = 1;
	}
	profile_free(p);
	return err ? EXIT_FAILED : EXIT_OK;
}
