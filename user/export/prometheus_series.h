/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Series of Prometheus' text format 0.0.4: numbers under a text of labels. Two series
 * of equal labels make a reader refuse the whole file, so series are told apart by
 * that text, as it will be written, and by nothing before it: names that differ in
 * bytes which cannot be written are one.
 */
#ifndef ALLOCTAP_EXPORT_PROMETHEUS_SERIES_H
#define ALLOCTAP_EXPORT_PROMETHEUS_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/intern.h"
#include "base/vec.h"

/* Rows of @width numbers each, in the order of their first series_at(). */
struct series {
	size_t width;
	struct strtab labels; /* of row i: i + 1 */
	VEC(uint64_t) values;
};

/* A metric: one number of each row. */
struct metric {
	const char *name, *type, *help; /* "counter", "gauge"; @help without a line break */
	size_t value;                   /* which number */
	bool nano;                      /* it is in units of 10^-9: nanoseconds */
	bool zero;                      /* 0 is a finding too; else it is left out */
};

/* The buckets of all histograms, and behind them the sum: what series_observe() needs. */
#define HISTOGRAM_BUCKETS 22
#define HISTOGRAM_WIDTH   (HISTOGRAM_BUCKETS + 1)

/* 0 or -ENOMEM; series_free() either way. */
int series_init(struct series *s, size_t width);
void series_free(struct series *s);
/*
 * The numbers of the row of these labels ('pid="1",comm="x"', not ""), at first 0; valid
 * until the next call. NULL: no memory.
 */
uint64_t *series_at(struct series *s, const char *labels);
/* Adds a duration to a row of a histogram. */
void histogram_observe(uint64_t *row, uint64_t ns);

/* @s as it stands between the quotes of a label. 0 or -ENOMEM. */
int put_label_value(FILE *out, const char *s);
/* A metric with all its series, or nothing at all where it has none. */
void put_metric(FILE *out, const struct metric *m, const struct series *s);
/* The same of a histogram, whose name ends in "_seconds". */
void put_histogram(FILE *out, const char *name, const char *help, const struct series *s);

#endif
