/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Quantities as people write and read them. */
#ifndef ALLOCTAP_BASE_UNITS_H
#define ALLOCTAP_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* "500ms", "10s", "5m", "1h", or seconds without a unit; *ns > 0. 0 or -EINVAL. */
int parse_duration(const char *s, uint64_t *ns);
/* "4096", "64k", "16m", "1g" (powers of 1024). 0 or -EINVAL. */
int parse_size(const char *s, uint64_t *bytes);
/* A plain decimal number in [min, max]. 0 or -EINVAL. */
int parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *value);

/*
 * Short forms for people: "1.50MB" (powers of 1024, as pprof prints them),
 * "12.3k" (powers of 1000), "1.5s"; "once" or "12.3k times". They return @buf.
 */
const char *format_bytes(char *buf, size_t size, uint64_t bytes);
const char *format_count(char *buf, size_t size, uint64_t count);
const char *format_times(char *buf, size_t size, uint64_t count);
const char *format_duration(char *buf, size_t size, uint64_t ns);

#endif
