/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Which Go built a program. */
#ifndef ALLOCTAP_BINARY_GO_VERSION_H
#define ALLOCTAP_BINARY_GO_VERSION_H

#include "binary/go_binary.h"

/* "go1.26.8", "devel go1.28-...", "go1.27rc1"; of the rest of the text only a copy is kept. */
bool go_version_parse(const char *text, size_t len, struct go_version *v);

/*
 * From the build info if there is one, else from runtime.buildVersion, which
 * must lie in [@min_minor, @max_minor] since a program may hold other versions.
 * 0 or -ENOENT.
 */
int go_version_find(const struct elf_file *f, int min_minor, int max_minor, struct go_version *v);

#endif
