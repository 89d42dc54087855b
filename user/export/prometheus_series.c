// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "export/prometheus_series.h"

#define NANO UINT64_C(1000000000)

/* Upper bounds in ns; what is above them all is in a bucket behind the last one. */
static const uint64_t bounds[HISTOGRAM_BUCKETS - 1] = {
	1000,      5000,      10000,     25000,      50000,      100000,     250000,
	500000,    1000000,   2500000,   5000000,    10000000,   25000000,   50000000,
	100000000, 250000000, 500000000, 1000000000, 2500000000, 5000000000, 10000000000,
};

int series_init(struct series *s, size_t width)
{
	*s = (struct series){.width = width};
	return strtab_init(&s->labels);
}

void series_free(struct series *s)
{
	strtab_free(&s->labels);
	vec_free(&s->values);
}

static size_t n_rows(const struct series *s)
{
	return s->values.n / s->width;
}

uint64_t *series_at(struct series *s, const char *labels)
{
	int64_t id = strtab_add(&s->labels, labels);
	size_t end = (size_t)id * s->width;

	if (id < 0 || vec_reserve(&s->values, end))
		return NULL;
	if (end > s->values.n) {
		memset(&s->values.data[end - s->width], 0, s->width * sizeof(*s->values.data));
		s->values.n = end;
	}
	return &s->values.data[end - s->width];
}

void histogram_observe(uint64_t *row, uint64_t ns)
{
	size_t bucket = 0;

	while (bucket < ARRAY_SIZE(bounds) && ns > bounds[bucket])
		bucket++;
	row[bucket]++;
	row[HISTOGRAM_BUCKETS] += ns;
}

int put_label_value(FILE *out, const char *s)
{
	__auto_free char *clean = utf8_clean(s, '?');

	if (!clean)
		return -ENOMEM;
	for (const char *c = clean; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
	return 0;
}

/* Exactly: 1500000000 is "1.5". */
static void put_nano(FILE *out, uint64_t value)
{
	uint64_t rest = value % NANO;
	int digits = 9;

	fprintf(out, "%" PRIu64, value / NANO);
	if (!rest)
		return;
	for (; rest % 10 == 0; rest /= 10)
		digits--;
	fprintf(out, ".%0*" PRIu64, digits, rest);
}

static void put_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void put_metric(FILE *out, const struct metric *m, const struct series *s)
{
	bool any = false;

	for (size_t i = 0; i < n_rows(s); i++) {
		uint64_t value = s->values.data[i * s->width + m->value];

		if (!value && !m->zero)
			continue;
		if (!any)
			put_head(out, m->name, m->type, m->help);
		any = true;
		fprintf(out, "%s{%s} ", m->name, strtab_get(&s->labels, (uint32_t)i + 1));
		if (m->nano)
			put_nano(out, value);
		else
			fprintf(out, "%" PRIu64, value);
		fputc('\n', out);
	}
}

static void put_histogram_row(FILE *out, const char *name, const char *labels, const uint64_t *row)
{
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		count += row[i];
		fprintf(out, "%s_bucket{%s,le=\"", name, labels);
		if (i < ARRAY_SIZE(bounds))
			put_nano(out, bounds[i]);
		else
			fputs("+Inf", out);
		fprintf(out, "\"} %" PRIu64 "\n", count);
	}
	fprintf(out, "%s_sum{%s} ", name, labels);
	put_nano(out, row[HISTOGRAM_BUCKETS]);
	fprintf(out, "\n%s_count{%s} %" PRIu64 "\n", name, labels, count);
}

void put_histogram(FILE *out, const char *name, const char *help, const struct series *s)
{
	for (size_t i = 0; i < n_rows(s); i++) {
		if (!i)
			put_head(out, name, "histogram", help);
		put_histogram_row(out, name, strtab_get(&s->labels, (uint32_t)i + 1),
				  &s->values.data[i * s->width]);
	}
}
