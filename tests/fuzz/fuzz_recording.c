// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Recordings: whole files, and the messages in them without the gzip around,
 * whose checksum would turn nearly every mutation away. What is read goes
 * through every exporter and every view, which rely on the reader's checks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "export/diff_export.h"
#include "profile/recording.h"
#include "profile/recording_file.h"
#include "report/type_names.h"

#define MAX_LAYOUTS 8

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	/* Our messages go nowhere; libFuzzer's and the sanitisers' do not use stdio. */
	stderr = fopen("/dev/null", "w");
	return 0;
}

static void export_with(const struct profile *p, const struct export_options *opts, FILE *out)
{
	for (size_t i = 0; i < n_exporters; i++)
		exporters[i]->write(p, opts, out);
}

static void export_views(const struct profile *p, FILE *out)
{
	for (enum report_view view = 0; view < VIEW_MAX; view++) {
		struct export_options opts = {.view = view, .top = 5};

		exporter_text.write(p, &opts, out);
	}
	exporter_text.write(p, &(struct export_options){.escapes = true}, out);
}

/* A few layouts, looked for by name as people do. */
static void export_layouts(const struct profile *p, FILE *out)
{
	for (uint32_t i = 1; i < p->n_types && i < MAX_LAYOUTS; i++) {
		struct export_options opts = {.layout = i};
		char *name = type_name(p, i, TYPE_NAME_HASH);
		struct type_matches m;

		if (!name || type_names_find(p, name, &m) || !m.n || m.near)
			abort();
		free(name);
		exporter_text.write(p, &opts, out);
		exporter_json.write(p, &opts, out);
	}
}

/* Compared with itself, which must not differ from it. */
static void export_diffs(const struct profile *p, FILE *out)
{
	const struct profile *const both[DIFF_SIDES] = {p, p};
	struct diff *d = diff_new(both, true);
	struct export_options opts = {.top = 5};

	if (!d)
		return;
	for (enum diff_measure m = 0; m < DIFF_MEASURES; m++) {
		if (diff_delta(d, &d->total, m) != 0)
			abort();
	}
	diff_text_write(d, &opts, out);
	diff_html_write(d, &opts, out);
	diff_json_write(d, &opts, out);
	diff_free(d);
}

static void export_all(struct profile *p)
{
	FILE *out = p ? fopen("/dev/null", "w") : NULL;

	for (enum export_unit unit = 0; out && unit < UNIT_MAX; unit++)
		export_with(p,
			    &(struct export_options){.unit = unit,
						     .by = unit % BY_MAX,
						     .gc_cycle = unit == UNIT_OBJECTS},
			    out);
	if (out) {
		export_views(p, out);
		export_layouts(p, out);
		export_diffs(p, out);
		fclose(out);
	}
	profile_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	export_all(recording_parse("x.atap", data, size));
	export_all(recording_unpack("x.atap", data, size));
	return 0;
}
