/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What an exporter writes, in memory. */
#ifndef ALLOCTAP_TESTS_EXPORTED_H
#define ALLOCTAP_TESTS_EXPORTED_H

#include <assert.h>
#include <stdio.h>

#include "base/gzip.h"
#include "export/exporter.h"
#include "export/pprof.pb-c.h"

/* The file of exporter @e, NUL-terminated besides; the caller's to free. */
static inline char *export_text(const struct profile *p, const struct exporter *e,
				struct export_options opts, size_t *len)
{
	char *text;
	FILE *out = open_memstream(&text, len);

	assert(out);
	assert(!e->write(p, &opts, out));
	assert(!fclose(out));
	return text;
}

/* A pprof file as a message; free it with pprof__profile__free_unpacked(). */
static inline Pprof__Profile *export_pprof_with(const struct profile *p, struct export_options opts)
{
	size_t len, unpacked_len;
	char *packed = export_text(p, &exporter_pprof, opts, &len);
	Pprof__Profile *m;
	uint8_t *unpacked;

	assert(!gzip_unpack(packed, len, (size_t)1 << 30, &unpacked, &unpacked_len));
	m = pprof__profile__unpack(NULL, unpacked_len, unpacked);
	assert(m);
	free(packed);
	free(unpacked);
	return m;
}

static inline Pprof__Profile *export_pprof(const struct profile *p)
{
	return export_pprof_with(p, (struct export_options){0});
}

/* Value number @value of all samples. */
static inline int64_t pprof_total(const Pprof__Profile *m, size_t value)
{
	int64_t sum = 0;

	for (size_t i = 0; i < m->n_sample; i++)
		sum += m->sample[i]->value[value];
	return sum;
}

#endif
