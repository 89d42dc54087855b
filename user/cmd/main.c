// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cmd/commands.h"
#include "version.h"

struct command {
	const char *name;
	enum command_bit bit;
	int (*run)(const struct options *o);
	const char *usage;
	const char *help;
	const char *examples;
};

static const struct command commands[] = {
	{
		.name = "record",
		.bit = CMD_RECORD,
		.run = cmd_record,
		.usage = "alloctap record {-p PID | -- CMD ARG... | -a | --comm GLOB} [-d TIME] "
			 "[-o FILE]...",
		.help = "tap the allocations, map inserts and collections of processes",
		.examples = "  alloctap record -p 4242 -d 30s -o heap.html -o heap.pb.gz\n"
			    "  alloctap record -o run.atap -- ./server --port 8080\n"
			    "  alloctap record --children -o make.folded -- make -j4\n"
			    "  alloctap record --comm 'postgres*' -d 10s -o pg.html\n",
	},
	{
		.name = "report",
		.bit = CMD_REPORT,
		.run = cmd_report,
		.usage =
			"alloctap report RECORDING [--view sites|types|maps|gc] [--top N] [--json]",
		.help = "print what a recording shows",
		.examples = "  alloctap report run.atap --top 50\n"
			    "  alloctap report run.atap --view types\n"
			    "  alloctap report run.atap --view gc\n"
			    "  alloctap report run.atap --layout main.User\n"
			    "  alloctap report run.atap --escapes\n",
	},
	{
		.name = "export",
		.bit = CMD_EXPORT,
		.run = cmd_export,
		.usage = "alloctap export RECORDING -o FILE [-o FILE]...",
		.help = "write a recording in other formats",
		.examples = "  alloctap export run.atap -o run.html -o run.pb.gz\n"
			    "  alloctap export run.atap -o - -f folded --by type --unit objects\n",
	},
	{
		.name = "diff",
		.bit = CMD_DIFF,
		.run = cmd_diff,
		.usage = "alloctap diff BEFORE AFTER [-o FILE]...",
		.help = "compare two recordings: what changed, by site, type and map",
		.examples = "  alloctap diff old.atap new.atap\n"
			    "  alloctap diff old.atap new.atap --totals -o diff.html\n",
	},
	{
		.name = "doctor",
		.bit = CMD_DOCTOR,
		.run = cmd_doctor,
		.usage = "alloctap doctor [-p PID]",
		.help = "say what can be tapped here, what not, and why",
		.examples = "  alloctap doctor\n"
			    "  alloctap doctor -p 4242\n"
			    "  alloctap doctor -p 4242 --allocator palloc:2\n",
	},
};

static void print_help(FILE *out)
{
	fputs("alloctap: tap the allocators of running processes\n\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %s\n      %s\n", commands[i].usage, commands[i].help);
	fputs("\n  alloctap COMMAND --help     all options of a command\n"
	      "  alloctap --version\n\n"
	      "exit codes: 0 ok; 1 failed while running; 2 wrong usage; 3 this kernel, privilege\n"
	      "or target cannot be traced; 4 --strict and something was lost; with -- CMD the\n"
	      "command's own status\n",
	      out);
}

static void print_command_help(const struct command *c)
{
	printf("usage: %s\n\n%s\n\n", c->usage, c->help);
	options_print_help(c->bit);
	printf("\nexamples:\n%s", c->examples);
}

static int run_command(const struct command *c, int argc, char **argv)
{
	struct options o;
	int code = options_parse(&o, c->bit, argc, argv);

	if (!code && o.help)
		print_command_help(c);
	else if (!code)
		code = c->run(&o);
	options_free(&o);
	return code;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		printf("alloctap %s (libbpf %s)\n", ALLOCTAP_VERSION, session_libbpf_version());
		return EXIT_OK;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(name, commands[i].name))
			return run_command(&commands[i], argc - 1, argv + 1);
	}
	if (*name)
		log_error("%s: no such command: see alloctap --help", name);
	else
		print_help(stderr);
	return EXIT_USAGE;
}
