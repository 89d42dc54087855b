// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Recordings: whole files, and the messages in them without the gzip around,
 * whose checksum would turn nearly every mutation away. What is read goes
 * through every exporter and every view, which rely on the reader's checks.
 */
#include <stdio.h>
#include <stdlib.h>

#include "export/exporter.h"
#include "profile/recording.h"
#include "profile/recording_file.h"

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

static void export_all(struct profile *p)
{
	FILE *out = p ? fopen("/dev/null", "w") : NULL;

	for (size_t i = 0; out && i < n_exporters; i++) {
		struct export_options opts = {
			.unit = (enum export_unit)(i % 3), .top = 5, .gc_cycle = true};

		exporters[i]->write(p, &opts, out);
	}
	for (unsigned int view = 0; out && view < VIEW_MAX; view++) {
		struct export_options opts = {.view = (enum report_view)view, .top = 5};

		exporter_text.write(p, &opts, out);
	}
	if (out)
		fclose(out);
	profile_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	export_all(recording_parse("x.atap", data, size));
	export_all(recording_unpack("x.atap", data, size));
	return 0;
}
