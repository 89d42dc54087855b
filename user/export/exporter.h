/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One file per format, one struct exporter each; exporters.c is the table. */
#ifndef ALLOCTAP_EXPORT_EXPORTER_H
#define ALLOCTAP_EXPORT_EXPORTER_H

#include <stdio.h>

#include "profile/profile.h"

enum export_unit {
	UNIT_BYTES,
	UNIT_OBJECTS,
	UNIT_INSERTS,
	UNIT_FLUSHES, /* of write barriers */
	UNIT_INUSE,   /* bytes that live when the recording ends */
	UNIT_INUSE_OBJECTS,
	UNIT_MAX
};

/* What a line of folded stacks tells apart. */
enum folded_by {
	BY_STACK,
	BY_TYPE, /* and the type allocated: a leaf "[type main.User]" */
	BY_MAX
};

/* What the text report's table is of. */
enum report_view { VIEW_SITES, VIEW_TYPES, VIEW_MAPS, VIEW_GC, VIEW_LEAKS, VIEW_MAX };

struct suppressions;

/* All 0 is what most want. */
struct export_options {
	enum export_unit unit; /* formats with one number per stack: folded */
	enum folded_by by;     /* folded */
	unsigned int top;      /* rows of tables: text; call sites: prometheus; 0: 20 */
	enum report_view view; /* text */
	bool escapes;          /* VIEW_SITES: of objects that escaped */
	bool gc_cycle;         /* pprof: samples apart by the GC cycle they belong to */
	/* text, json: how this one of profile.types is laid out; 0: of none */
	uint32_t layout;
	/* Of what lives (report/leaks.h): what is known and left out; NULL: nothing is. */
	const struct suppressions *suppressions;
};

struct exporter {
	const char *name;   /* for -f: "pprof" */
	const char *suffix; /* of -o: ".pb.gz" */
	const char *help;
	/* Writes the whole file to @out. 0 or -errno; stream errors are the caller's to see. */
	int (*write)(const struct profile *p, const struct export_options *opts, FILE *out);
};

extern const struct exporter exporter_atap;
extern const struct exporter exporter_pprof;
extern const struct exporter exporter_folded;
extern const struct exporter exporter_html;
extern const struct exporter exporter_text;
extern const struct exporter exporter_json;
extern const struct exporter exporter_trace;
extern const struct exporter exporter_prometheus;

extern const struct exporter *const exporters[];
extern const size_t n_exporters;

/* By the suffix of a file name, or by -f name. NULL where unknown. */
const struct exporter *exporter_for_path(const char *path);
const struct exporter *exporter_by_name(const char *name);

/*
 * What @write(@what, stream) writes, as file @path ("-" is stdout): whole or not at
 * all; the reason of a failure is printed. 0 or -errno.
 */
int export_file(const char *path, int (*write)(const void *what, FILE *out), const void *what);
/*
 * Writes @p to @path ("-" is stdout) as a whole file or not at all; the reason
 * of a failure is printed. 0 or -errno.
 */
int export_profile(const struct profile *p, const struct exporter *e,
		   const struct export_options *opts, const char *path);

#endif
