/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Reads the files that tests/fuzz/make_seeds.py wrote. Each is copied to a block
 * of exactly its size, so that the sanitizer sees a byte too many.
 */
#ifndef ALLOCTAP_TESTS_SEEDS_H
#define ALLOCTAP_TESTS_SEEDS_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct seed {
	char name[256];
	void *data;
	size_t len;
};

static inline struct seed seed_load(const char *kind, const char *name)
{
	struct seed s = {0};
	char path[512];
	__auto_file FILE *f = NULL;
	long len = -1;

	snprintf(s.name, sizeof(s.name), "%s", name);
	snprintf(path, sizeof(path), "tests/fuzz/seeds/%s/%s", kind, name);
	f = fopen(path, "rb");
	if (f && !fseek(f, 0, SEEK_END))
		len = ftell(f);
	if (len < 0)
		fail_msg("%s: cannot be read; run this from the top of the tree", path);
	rewind(f);
	s.len = (size_t)len;
	s.data = malloc(s.len ? s.len : 1);
	if (!s.data || fread(s.data, 1, s.len, f) != s.len)
		fail_msg("%s: cannot be read", path);
	return s;
}

/* Calls @visit with every seed of a kind; returns how many there were. */
static inline size_t seed_for_each(const char *kind, void (*visit)(const struct seed *s))
{
	char path[512];
	__auto_dir DIR *dir = NULL;
	struct dirent *entry;
	size_t n = 0;

	snprintf(path, sizeof(path), "tests/fuzz/seeds/%s", kind);
	dir = opendir(path);
	if (!dir)
		fail_msg("%s: not there; run this from the top of the tree", path);
	while ((entry = readdir(dir))) {
		struct seed s;

		if (*entry->d_name == '.')
			continue;
		s = seed_load(kind, entry->d_name);
		visit(&s);
		free(s.data);
		n++;
	}
	return n;
}

#endif
