/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Parts of a profile that the report and the page write alike: both keys are theirs. */
#ifndef ALLOCTAP_EXPORT_JSON_PARTS_H
#define ALLOCTAP_EXPORT_JSON_PARTS_H

#include "export/json_writer.h"
#include "profile/profile.h"

/* "targets": [...] */
void json_targets(struct json_writer *w, const struct profile *p);
/* "cost": {...} */
void json_cost(struct json_writer *w, const struct profile_cost *c);

#endif
