// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "export/exporter.h"
#include "profile/recording.h"

static int atap_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	(void)opts;
	return recording_write(p, out);
}

const struct exporter exporter_atap = {
	.name = "atap",
	.suffix = ".atap",
	.help = "recording: everything, for report, export and diff",
	.write = atap_write,
};
