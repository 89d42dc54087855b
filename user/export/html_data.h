/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The flame graph page around its data, one JSON document, which is described
 * where it is read: in user/export/viewer/viewer.data.js.
 */
#ifndef ALLOCTAP_EXPORT_HTML_DATA_H
#define ALLOCTAP_EXPORT_HTML_DATA_H

#include <stdio.h>

#include "profile/profile.h"
#include "report/suppressions.h"

/*
 * The page with what @write_data(@what, stream) writes. 0, -ENOMEM, or what that
 * returned; errors of @out are left on it.
 */
int html_page_write(int (*write_data)(const void *what, FILE *out), const void *what, FILE *out);
struct html_data {
	const struct profile *profile;
	const struct suppressions *suppressions; /* of leaks; NULL: none */
};

/* The data of one recording; @what is a struct html_data. 0 or -ENOMEM. */
int html_data_write(const void *what, FILE *out);

#endif
