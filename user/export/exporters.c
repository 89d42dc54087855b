// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/outfile.h"
#include "export/exporter.h"

const struct exporter *const exporters[] = {
	&exporter_atap, &exporter_pprof, &exporter_folded, &exporter_html,
	&exporter_text, &exporter_json,  &exporter_trace,  &exporter_prometheus,
};
const size_t n_exporters = ARRAY_SIZE(exporters);

static bool ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);

	return len >= n && !strcmp(s + len - n, suffix);
}

const struct exporter *exporter_for_path(const char *path)
{
	const struct exporter *best = NULL;

	for (size_t i = 0; i < n_exporters; i++) {
		const struct exporter *e = exporters[i];

		if (ends_with(path, e->suffix) &&
		    (!best || strlen(e->suffix) > strlen(best->suffix)))
			best = e;
	}
	return best;
}

const struct exporter *exporter_by_name(const char *name)
{
	for (size_t i = 0; i < n_exporters; i++) {
		if (!strcmp(exporters[i]->name, name))
			return exporters[i];
	}
	return NULL;
}

int export_file(const char *path, int (*write)(const void *what, FILE *out), const void *what)
{
	struct outfile *f = outfile_open(path);
	int err;

	if (!f)
		return -errno;
	err = write(what, outfile_stream(f));
	if (!err)
		return outfile_commit(f);
	log_error("%s: cannot be written: %s", path, strerror(-err));
	outfile_abort(f);
	return err;
}

struct job {
	const struct profile *profile;
	const struct exporter *exporter;
	const struct export_options *opts;
};

static int write_job(const void *what, FILE *out)
{
	const struct job *job = what;

	return job->exporter->write(job->profile, job->opts, out);
}

int export_profile(const struct profile *p, const struct exporter *e,
		   const struct export_options *opts, const char *path)
{
	struct job job = {p, e, opts};

	return export_file(path, write_job, &job);
}
