/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Labels of Prometheus' series: whose numbers they are. */
#ifndef ALLOCTAP_EXPORT_PROMETHEUS_LABELS_H
#define ALLOCTAP_EXPORT_PROMETHEUS_LABELS_H

#include "export/prometheus_series.h"
#include "profile/profile.h"

struct label {
	const char *name, *value;
};

/* The labels of @n targets as one; the caller's to free, NULL: no memory. */
char *prometheus_target_labels(const struct profile *p, const struct profile_target *targets,
			       size_t n);
/*
 * The numbers in @s of what has the labels @base and up to three more; a NULL name
 * ends them. NULL: no memory.
 */
uint64_t *prometheus_labelled(struct series *s, const char *base, const struct label more[3]);

#endif
