/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The options of all commands. Private to this room. */
#ifndef ALLOCTAP_CMD_OPTION_TABLE_H
#define ALLOCTAP_CMD_OPTION_TABLE_H

#include "cmd/options.h"

/* Sets one option; 0, or -EINVAL where @value is not what it takes. */
typedef int (*apply_fn)(struct options *o, const char *value);

struct option_spec {
	char short_name; /* 0: none */
	const char *name;
	const char *value; /* as help shows it; NULL: takes none */
	unsigned int commands;
	apply_fn apply;
	const char *help;
	const char *expects; /* for the message about a bad value */
};

/* Room for what is made of them, one each. */
#define OPTIONS_MAX 64

extern const struct option_spec option_specs[];
extern const size_t n_option_specs; /* OPTIONS_MAX at the most */

#endif
