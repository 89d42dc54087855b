// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>

#include "base/log.h"
#include "cmd/commands.h"
#include "export/diff_export.h"
#include "profile/recording.h"

static int check_usage(const struct options *o)
{
	if (o->n_operands != DIFF_SIDES) {
		log_error("diff: name two recordings, before and after: see alloctap diff --help");
		return EXIT_USAGE;
	}
	vec_for_each (&o->outputs, out) {
		if (!diff_has_format(out->exporter)) {
			log_error("%s: a comparison is written as text, html or json", out->path);
			return EXIT_USAGE;
		}
	}
	if (o->format && !diff_has_format(o->format)) {
		log_error("-f %s: a comparison is written as text, html or json", o->format->name);
		return EXIT_USAGE;
	}
	return 0;
}

static int write_outputs(const struct options *o, const struct diff *d)
{
	int err = 0;

	vec_for_each (&o->outputs, out) {
		if (export_diff(d, out->exporter, &o->export, out->path))
			err = 1;
	}
	if (!o->outputs.n &&
	    export_diff(d, o->format ? o->format : &exporter_text, &o->export, "-"))
		err = 1;
	return err ? EXIT_FAILED : EXIT_OK;
}

static int compare(const struct options *o, const struct profile *const profiles[DIFF_SIDES])
{
	struct diff *d = diff_new(profiles, !o->totals);
	int code;

	if (!d) {
		log_error("diff: out of memory");
		return EXIT_FAILED;
	}
	if (!d->per_second && !o->totals)
		log_warn("a recording says no duration: sums are compared");
	code = write_outputs(o, d);
	diff_free(d);
	return code;
}

int cmd_diff(const struct options *o)
{
	struct profile *profiles[DIFF_SIDES] = {NULL, NULL};
	int code = check_usage(o);

	for (int i = 0; !code && i < DIFF_SIDES; i++) {
		profiles[i] = recording_read(o->operands[i]);
		if (!profiles[i])
			code = EXIT_FAILED;
	}
	if (!code)
		code = compare(o, (const struct profile *const *)profiles);
	profile_free(profiles[DIFF_BEFORE]);
	profile_free(profiles[DIFF_AFTER]);
	return code;
}
