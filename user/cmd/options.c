// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/outfile.h"
#include "cmd/option_table.h"
#include "report/suppressions.h"

void options_print_help(enum command_bit command)
{
	for (size_t i = 0; i < n_option_specs; i++) {
		const struct option_spec *s = &option_specs[i];
		char left[64];

		if (!(s->commands & command))
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", s->short_name ? '-' : ' ',
			 s->short_name ? s->short_name : ' ', s->short_name ? "," : " ", s->name,
			 s->value ? " " : "", s->value ? s->value : "");
		printf("  %-26s %s\n", left, s->help);
	}
}

/* getopt's tables from ours; long options without a letter get 256 + their index. */
static void fill_getopt(enum command_bit command, struct option *longs, char *shorts)
{
	size_t n = 0;

	*shorts++ = ':'; /* we print the messages */
	for (size_t i = 0; i < n_option_specs; i++) {
		const struct option_spec *s = &option_specs[i];

		if (!(s->commands & command))
			continue;
		longs[n++] = (struct option){
			.name = s->name,
			.has_arg = s->value ? required_argument : no_argument,
			.val = 256 + (int)i,
		};
		if (!s->short_name)
			continue;
		*shorts++ = s->short_name;
		if (s->value)
			*shorts++ = ':';
	}
	longs[n] = (struct option){0};
	*shorts = 0;
}

static const struct option_spec *find_spec(enum command_bit command, int value)
{
	if (value >= 256)
		return &option_specs[value - 256];
	for (size_t i = 0; i < n_option_specs; i++) {
		if (option_specs[i].short_name == value && option_specs[i].commands & command)
			return &option_specs[i];
	}
	return NULL;
}

static int apply_option(struct options *o, enum command_bit command, int value)
{
	const struct option_spec *s = find_spec(command, value);
	int err = s->apply(o, optarg);

	if (err == -EINVAL)
		log_error("--%s %s: expected %s", s->name, optarg, s->expects);
	/* -EBADMSG: the file that it names is wrong, as was said. */
	return err ? (err == -EINVAL || err == -EBADMSG ? EXIT_USAGE : EXIT_FAILED) : 0;
}

static int make_outputs(struct options *o, enum command_bit command)
{
	const char *suffixes = command == CMD_DIFF
				       ? ".txt .html .json"
				       : ".atap .pb.gz .folded .html .txt .json .trace.json .prom";

	vec_for_each (&o->output_paths, path) {
		struct output out = {.path = *path, .exporter = exporter_for_path(*path)};

		if (!out.exporter)
			out.exporter = o->format;
		if (!out.exporter) {
			log_error("%s: its suffix names no format: use %s, or -f FORMAT", *path,
				  suffixes);
			return EXIT_USAGE;
		}
		if (outfile_check(*path))
			return EXIT_USAGE;
		if (vec_push(&o->outputs, out))
			return EXIT_FAILED;
	}
	return 0;
}

/* Options that are sound each by itself. 0 or EXIT_USAGE. */
static int check_together(struct options *o)
{
	const char *wrong = NULL;

	if (o->layout && o->export.escapes)
		wrong = "--layout shows one type and --escapes call sites: use one of them";
	else if (o->layout && o->has_view && o->export.view != VIEW_TYPES)
		wrong = "--layout shows a type: it goes with --view types";
	else if (o->export.escapes && o->export.view != VIEW_SITES)
		wrong = "--escapes lists call sites: it goes with --view sites";
	else if (o->export.by == BY_TYPE && o->export.unit > UNIT_OBJECTS)
		wrong = "--by type is of what was allocated: it goes with --unit bytes or objects";
	else if (o->selects_twice)
		wrong = "-a, --comm and --cgroup exclude each other";
	if (!wrong)
		return 0;
	log_error("%s", wrong);
	return EXIT_USAGE;
}

static void set_defaults(struct options *o)
{
	*o = (struct options){
		.session = {.kinds = 1u << KIND_ALLOC | 1u << KIND_MAP_INSERT |
				     1u << KIND_MAP_GROW | 1u << KIND_GC_ASSIST,
			    .max_stacks = 24576,
			    .max_counts = 32768},
		.export = {.unit = UNIT_BYTES, .top = 20},
	};
}

int options_parse(struct options *o, enum command_bit command, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 3];
	int value, err = 0;

	set_defaults(o);
	fill_getopt(command, longs, shorts);
	optind = 0; /* glibc: begin anew, and take "--" for the end of options only */
	while (!err && (value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (value == '?') {
			log_error("%s: no such option: see alloctap %s --help", argv[optind - 1],
				  argv[0]);
			err = EXIT_USAGE;
		} else if (value == ':') {
			log_error("%s: needs a value: see alloctap %s --help", argv[optind - 1],
				  argv[0]);
			err = EXIT_USAGE;
		} else {
			err = apply_option(o, command, value);
		}
	}
	if (err || o->help)
		return err;
	err = check_together(o);
	if (err)
		return err;
	/* Operands were moved behind the options; those behind a "--" stay behind it. */
	o->has_command = optind > 1 && !strcmp(argv[optind - 1], "--");
	o->operands = argv + optind;
	o->n_operands = argc - optind;
	return make_outputs(o, command);
}

void options_free(struct options *o)
{
	vec_for_each (&o->allocators, custom)
		free((char *)custom->symbol);
	vec_free(&o->allocators);
	vec_free(&o->pids);
	vec_free(&o->output_paths);
	vec_free(&o->outputs);
	suppressions_free(o->suppressions);
}
