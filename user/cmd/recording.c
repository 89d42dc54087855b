// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* report and export: everything that begins with a recording and needs no root. */
#include "base/log.h"
#include "cmd/commands.h"
#include "profile/recording.h"

static struct profile *read_operand(const struct options *o, const char *command)
{
	if (o->n_operands == 1)
		return recording_read(o->operands[0]);
	log_error("%s: name one recording: see alloctap %s --help", command, command);
	return NULL;
}

int cmd_report(const struct options *o)
{
	struct profile *p = read_operand(o, "report");
	int err;

	if (!p)
		return o->n_operands == 1 ? EXIT_FAILED : EXIT_USAGE;
	err = export_profile(p, o->format ? o->format : &exporter_text, &o->export, "-");
	profile_free(p);
	return err ? EXIT_FAILED : EXIT_OK;
}

int cmd_export(const struct options *o)
{
	struct profile *p;
	int err = 0;

	if (!o->outputs.n) {
		log_error("export: name at least one -o FILE: see alloctap export --help");
		return EXIT_USAGE;
	}
	p = read_operand(o, "export");
	if (!p)
		return o->n_operands == 1 ? EXIT_FAILED : EXIT_USAGE;
	vec_for_each (&o->outputs, out) {
		if (export_profile(p, out->exporter, &o->export, out->path))
			err = 1;
	}
	profile_free(p);
	return err ? EXIT_FAILED : EXIT_OK;
}
