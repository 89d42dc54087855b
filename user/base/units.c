// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/units.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{"ns", 1},
	{"us", 1000},
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60ull * 1000000000},
	{"h", 3600ull * 1000000000},
	{"", 1000000000},
};

static const struct unit sizes[] = {
	{"", 1},
	{"k", 1ull << 10},
	{"m", 1ull << 20},
	{"g", 1ull << 30},
};

static int parse_scaled(const char *s, const struct unit *units, size_t n, uint64_t *value)
{
	char *end;
	double number;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	number = strtod(s, &end);
	if (errno)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (strcasecmp(end, units[i].name))
			continue;
		number *= (double)units[i].factor;
		if (number >= 9.2e18)
			return -EINVAL;
		*value = (uint64_t)number;
		return 0;
	}
	return -EINVAL;
}

int parse_duration(const char *s, uint64_t *ns)
{
	int err = parse_scaled(s, durations, ARRAY_SIZE(durations), ns);

	return !err && !*ns ? -EINVAL : err;
}

int parse_size(const char *s, uint64_t *bytes)
{
	return parse_scaled(s, sizes, ARRAY_SIZE(sizes), bytes);
}

int parse_number(const char *s, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)s[0]))
		return -EINVAL;
	errno = 0;
	*value = strtoull(s, &end, 10);
	return errno || *end || *value < min || *value > max ? -EINVAL : 0;
}

/* Picks the largest unit that leaves a number of at least one. */
static const char *format_scaled(char *buf, size_t size, uint64_t value, double base,
				 const char *const *names, size_t n)
{
	double number = (double)value;
	size_t unit = 0;

	while (number >= base && unit + 1 < n) {
		number /= base;
		unit++;
	}
	if (unit == 0)
		snprintf(buf, size, "%llu%s", (unsigned long long)value, names[0]);
	else
		snprintf(buf, size, "%.*f%s", number < 10 ? 2 : 1, number, names[unit]);
	return buf;
}

const char *format_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

	return format_scaled(buf, size, bytes, 1024, names, ARRAY_SIZE(names));
}

const char *format_count(char *buf, size_t size, uint64_t count)
{
	static const char *const names[] = {"", "k", "M", "G", "T", "P", "E"};

	return format_scaled(buf, size, count, 1000, names, ARRAY_SIZE(names));
}

const char *format_times(char *buf, size_t size, uint64_t count)
{
	char number[24];

	if (count == 1)
		snprintf(buf, size, "once");
	else
		snprintf(buf, size, "%s times", format_count(number, sizeof(number), count));
	return buf;
}

const char *format_duration(char *buf, size_t size, uint64_t ns)
{
	static const char *const names[] = {"ns", "us", "ms", "s"};

	return format_scaled(buf, size, ns, 1000, names, ARRAY_SIZE(names));
}
