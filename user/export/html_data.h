/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The profile as the flame graph page reads it: one JSON document, described
 * where it is read, in user/export/viewer/viewer.data.js.
 */
#ifndef ALLOCTAP_EXPORT_HTML_DATA_H
#define ALLOCTAP_EXPORT_HTML_DATA_H

#include <stdio.h>

#include "profile/profile.h"

/* 0 or -ENOMEM; errors of the stream are left on it. */
int html_data_write(const struct profile *p, FILE *out);

#endif
