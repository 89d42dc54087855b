// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "base/cleanup.h"
#include "export/diff_export.h"

static const struct {
	const struct exporter *exporter;
	int (*write)(const struct diff *d, const struct export_options *opts, FILE *out);
} formats[] = {
	{&exporter_text, diff_text_write},
	{&exporter_html, diff_html_write},
	{&exporter_json, diff_json_write},
};

struct job {
	const struct diff *diff;
	const struct exporter *exporter;
	const struct export_options *opts;
};

bool diff_has_format(const struct exporter *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].exporter == e)
			return true;
	}
	return false;
}

static int write_job(const void *what, FILE *out)
{
	const struct job *job = what;
	size_t i = 0;

	while (formats[i].exporter != job->exporter)
		i++;
	return formats[i].write(job->diff, job->opts, out);
}

int export_diff(const struct diff *d, const struct exporter *e, const struct export_options *opts,
		const char *path)
{
	struct job job = {d, e, opts};

	return export_file(path, write_job, &job);
}
