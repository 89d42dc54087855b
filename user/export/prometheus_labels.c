// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "export/prometheus_labels.h"

/* Processes that the labels of the whole recording name. */
#define NAMED_MAX 16

enum target_label { LABEL_PID, LABEL_COMM, LABEL_RUNTIME, LABEL_VERSION, TARGET_LABELS };

static const char *const label_names[TARGET_LABELS] = {"pid", "comm", "runtime", "version"};

/* The number of the string that a target has there; of the process number itself. */
static uint32_t label_id(const struct profile_target *t, enum target_label label)
{
	const uint32_t ids[TARGET_LABELS] = {t->pid, t->comm, t->runtime, t->version};

	return ids[label];
}

/* What the targets have there, each different one once. 0 or -ENOMEM. */
static int put_target_label(FILE *out, const struct profile *p,
			    const struct profile_target *targets, size_t n, enum target_label label)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		uint32_t id = label_id(&targets[i], label);
		size_t before = 0;

		while (before < i && label_id(&targets[before], label) != id)
			before++;
		if (before < i)
			continue;
		if (i)
			fputc(',', out);
		if (label == LABEL_PID)
			fprintf(out, "%" PRIu32, id);
		else
			err = put_label_value(out, profile_str(p, id));
	}
	return err;
}

char *prometheus_target_labels(const struct profile *p, const struct profile_target *targets,
			       size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err = out ? 0 : -ENOMEM;

	for (enum target_label label = 0; !err && label < TARGET_LABELS; label++) {
		fprintf(out, "%s%s=\"", label ? "," : "", label_names[label]);
		err = put_target_label(out, p, targets, n < NAMED_MAX ? n : NAMED_MAX, label);
		fputc('"', out);
	}
	if (out && fclose(out))
		err = -ENOMEM;
	if (!err)
		return text;
	free(text);
	return NULL;
}

uint64_t *prometheus_labelled(struct series *s, const char *base, const struct label more[3])
{
	__auto_free char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err = out ? 0 : -ENOMEM;

	if (out)
		fputs(base, out);
	for (size_t i = 0; !err && i < 3 && more[i].name; i++) {
		fprintf(out, ",%s=\"", more[i].name);
		err = put_label_value(out, more[i].value);
		fputc('"', out);
	}
	if (out && fclose(out))
		err = -ENOMEM;
	return err ? NULL : series_at(s, text);
}
