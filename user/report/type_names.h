/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Types by name. The runtime calls a type by its package's name, so different
 * types may be called alike; each has three names, one longer than the other:
 *
 *	user.User
 *	example.com/shop/user.User		where that is not enough
 *	example.com/shop/user.User#8a2c01f7	types of one package called alike: those
 *						declared in functions; the runtime's hash
 */
#ifndef ALLOCTAP_REPORT_TYPE_NAMES_H
#define ALLOCTAP_REPORT_TYPE_NAMES_H

#include "profile/profile.h"

enum type_name_form { TYPE_NAME_SHORT, TYPE_NAME_PATH, TYPE_NAME_HASH, TYPE_NAME_MAX };

/* The caller's to free; NULL when out of memory. */
char *type_name(const struct profile *p, uint32_t type, enum type_name_form form);

/*
 * For each of profile.types the shortest form that no other type has, as far as
 * types occur in samples and differ in any form. NULL with errno ENOMEM; free().
 */
enum type_name_form *type_name_forms(const struct profile *p);

/* The same among @types[@n] only, in their order. */
enum type_name_form *type_name_forms_among(const struct profile *p, const uint32_t *types,
					   size_t n);

/* At most this many types are named where one was not found, or several were. */
#define TYPE_MATCHES_MAX 6

struct type_matches {
	uint32_t types[TYPE_MATCHES_MAX];
	size_t n;
	bool near; /* none has the name: these are like it, best first */
};

/*
 * The types that may be called @name, in any form. Those that cannot be told apart
 * by any of them count as one: that of which most is known. 0 or -ENOMEM.
 */
int type_names_find(const struct profile *p, const char *name, struct type_matches *m);

#endif
