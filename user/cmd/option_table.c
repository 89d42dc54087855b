// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What each option takes, and what it sets. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/units.h"
#include "cmd/option_table.h"
#include "report/suppressions.h"

/* Kernel map sizes: what --max-stacks and --max-counts take. */
#define MAP_SIZE_MIN 16
#define MAP_SIZE_MAX (1 << 22)
/* The same of --max-live: 80 bytes each when they are all there. */
#define MAX_LIVE_MAX (1 << 27)
/* Of --unwind-memory: it is taken in pieces of 4 MB. */
#define UNWIND_MEMORY_MIN (4ull << 20)
#define UNWIND_MEMORY_MAX (4ull << 30)

/* A process named twice is tapped once: two probes would count everything twice. */
static int add_pid(struct options *o, pid_t pid)
{
	vec_for_each (&o->pids, known) {
		if (*known == pid)
			return 0;
	}
	return vec_push(&o->pids, pid);
}

static int apply_pid(struct options *o, const char *value)
{
	__auto_free char *list = strdup(value);
	char *at = list, *item;

	if (!list)
		return -ENOMEM;
	while ((item = strsep(&at, ","))) {
		uint64_t pid;

		if (parse_number(item, 1, INT32_MAX, &pid))
			return -EINVAL;
		if (add_pid(o, (pid_t)pid))
			return -ENOMEM;
	}
	return 0;
}

static int apply_children(struct options *o, const char *value)
{
	(void)value;
	o->session.children = true;
	return 0;
}

static int apply_no_hold(struct options *o, const char *value)
{
	(void)value;
	o->session.no_hold = true;
	return 0;
}

/* One way to select processes excludes the others. */
static int select_by(struct options *o, enum select_mode mode)
{
	if (o->session.select != SELECT_NAMED && o->session.select != mode)
		o->selects_twice = true;
	o->session.select = mode;
	return 0;
}

static int apply_all(struct options *o, const char *value)
{
	(void)value;
	return select_by(o, SELECT_ALL);
}

static int apply_comm(struct options *o, const char *value)
{
	o->session.comm = value;
	return *value && strlen(value) < COMM_BYTES ? select_by(o, SELECT_COMM) : -EINVAL;
}

static int apply_cgroup(struct options *o, const char *value)
{
	o->session.cgroup = value;
	return *value ? select_by(o, SELECT_CGROUP) : -EINVAL;
}

static int apply_duration(struct options *o, const char *value)
{
	return parse_duration(value, &o->duration_ns);
}

static int apply_output(struct options *o, const char *value)
{
	return vec_push(&o->output_paths, value);
}

static int apply_format(struct options *o, const char *value)
{
	o->format = exporter_by_name(value);
	return o->format ? 0 : -EINVAL;
}

static int apply_json(struct options *o, const char *value)
{
	(void)value;
	o->format = &exporter_json;
	return 0;
}

/* The place of @value among @names; 0 or -EINVAL. */
static int find_name(const char *value, const char *const *names, size_t n, unsigned int *place)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(value, names[i])) {
			*place = (unsigned int)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int apply_view(struct options *o, const char *value)
{
	static const char *const names[VIEW_MAX] = {[VIEW_SITES] = "sites",
						    [VIEW_TYPES] = "types",
						    [VIEW_MAPS] = "maps",
						    [VIEW_GC] = "gc",
						    [VIEW_LEAKS] = "leaks"};

	o->has_view = true;
	return find_name(value, names, VIEW_MAX, &o->export.view);
}

static int apply_suppressions(struct options *o, const char *value)
{
	struct suppressions *s = suppressions_read(value);

	if (!s)
		return errno == EINVAL ? -EBADMSG : -errno;
	suppressions_free(o->suppressions);
	o->suppressions = s;
	o->export.suppressions = s;
	return 0;
}

static int apply_escapes(struct options *o, const char *value)
{
	(void)value;
	o->export.escapes = true;
	return 0;
}

static int apply_gc_cycle(struct options *o, const char *value)
{
	(void)value;
	o->export.gc_cycle = true;
	return 0;
}

static int apply_layout(struct options *o, const char *value)
{
	o->layout = value;
	return *value ? 0 : -EINVAL;
}

static int apply_by(struct options *o, const char *value)
{
	static const char *const names[BY_MAX] = {[BY_STACK] = "stack", [BY_TYPE] = "type"};

	return find_name(value, names, BY_MAX, &o->export.by);
}

static int apply_mode(struct options *o, const char *value)
{
	(void)o;
	return strcmp(value, "exact") ? -EINVAL : 0;
}

static int add_probe(struct options *o, const char *name)
{
	static const struct {
		const char *name;
		uint32_t kinds;
	} probes[] = {
		{"alloc", 1u << KIND_ALLOC},
		{"map", 1u << KIND_MAP_INSERT | 1u << KIND_MAP_GROW},
		{"gc", 1u << KIND_GC_ASSIST},
		{"wb", 1u << KIND_WB_FLUSH},
		{"pages", 1u << KIND_MMAP | 1u << KIND_MUNMAP | 1u << KIND_MREMAP | 1u << KIND_BRK},
		/* Those of C in Go programs as well: of others they are tapped anyway. */
		{"native", 1u << KIND_ALLOC},
	};

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		if (strcmp(name, probes[i].name))
			continue;
		o->session.kinds |= probes[i].kinds;
		o->session.native_in_go = o->session.native_in_go || !strcmp(name, "native");
		return 0;
	}
	return -EINVAL;
}

static int apply_probe(struct options *o, const char *value)
{
	__auto_free char *list = strdup(value);
	char *at = list, *item;
	int err = list ? 0 : -ENOMEM;

	o->session.kinds = 0;
	o->session.native_in_go = false;
	while (!err && (item = strsep(&at, ",")))
		err = add_probe(o, item);
	return err;
}

static int apply_allocator(struct options *o, const char *value)
{
	const char *colon = strrchr(value, ':');
	struct native_custom custom = {.size_arg = 1};
	uint64_t number = 1;
	char *symbol;

	if (!*value || colon == value || (colon && parse_number(colon + 1, 1, 6, &number)))
		return -EINVAL;
	symbol = colon ? strndup(value, (size_t)(colon - value)) : strdup(value);
	custom.symbol = symbol;
	custom.size_arg = (uint8_t)number;
	if (!symbol || vec_push(&o->allocators, custom)) {
		free(symbol);
		return -ENOMEM;
	}
	o->session.custom = o->allocators.data;
	o->session.n_custom = o->allocators.n;
	return 0;
}

static int apply_link(struct options *o, const char *value)
{
	for (enum link_kind kind = LINK_AUTO; kind <= LINK_PERF; kind++) {
		if (!strcmp(value, link_kind_name(kind))) {
			o->session.link = kind;
			return 0;
		}
	}
	return -EINVAL;
}

static int apply_map_size(const char *value, uint32_t *size)
{
	uint64_t n;

	if (parse_size(value, &n) || n < MAP_SIZE_MIN || n > MAP_SIZE_MAX)
		return -EINVAL;
	*size = (uint32_t)n;
	return 0;
}

static int apply_max_stacks(struct options *o, const char *value)
{
	return apply_map_size(value, &o->session.max_stacks);
}

static int apply_max_counts(struct options *o, const char *value)
{
	return apply_map_size(value, &o->session.max_counts);
}

static int apply_live(struct options *o, const char *value)
{
	(void)value;
	o->session.live = true;
	return 0;
}

static int apply_debuginfod(struct options *o, const char *value)
{
	(void)value;
	o->session.debuginfod = true;
	return 0;
}

static int apply_max_live(struct options *o, const char *value)
{
	uint64_t n;

	if (parse_size(value, &n) || n < MAP_SIZE_MIN || n > MAX_LIVE_MAX)
		return -EINVAL;
	o->session.max_live = (uint32_t)n;
	return 0;
}

static int apply_unwind_memory(struct options *o, const char *value)
{
	uint64_t bytes;

	if (parse_size(value, &bytes) || bytes < UNWIND_MEMORY_MIN || bytes > UNWIND_MEMORY_MAX)
		return -EINVAL;
	o->session.unwind_memory = bytes;
	return 0;
}

static int apply_top(struct options *o, const char *value)
{
	uint64_t n;

	if (parse_number(value, 1, 1000000, &n))
		return -EINVAL;
	o->export.top = (unsigned int)n;
	return 0;
}

static int apply_unit(struct options *o, const char *value)
{
	static const char *const names[UNIT_MAX] = {
		[UNIT_BYTES] = "bytes",     [UNIT_OBJECTS] = "objects",
		[UNIT_INSERTS] = "inserts", [UNIT_FLUSHES] = "flushes",
		[UNIT_INUSE] = "inuse",     [UNIT_INUSE_OBJECTS] = "inuse-objects"};

	return find_name(value, names, UNIT_MAX, &o->export.unit);
}

static int apply_per_second(struct options *o, const char *value)
{
	(void)value;
	o->totals = false;
	return 0;
}

static int apply_totals(struct options *o, const char *value)
{
	(void)value;
	o->totals = true;
	return 0;
}

static int apply_strict(struct options *o, const char *value)
{
	(void)value;
	o->strict = true;
	return 0;
}

static int apply_dry_run(struct options *o, const char *value)
{
	(void)value;
	o->dry_run = true;
	return 0;
}

static int apply_no_types(struct options *o, const char *value)
{
	(void)value;
	o->session.no_types = true;
	return 0;
}

static int apply_empty_probes(struct options *o, const char *value)
{
	(void)value;
	o->session.empty_programs = true;
	return 0;
}

static int apply_quiet(struct options *o, const char *value)
{
	(void)o;
	(void)value;
	log_set_level(LOG_WARN);
	return 0;
}

static int apply_verbose(struct options *o, const char *value)
{
	(void)o;
	(void)value;
	log_set_level(LOG_DEBUG);
	return 0;
}

static int apply_help(struct options *o, const char *value)
{
	(void)value;
	o->help = true;
	return 0;
}

#define CMD_ALL    (CMD_RECORD | CMD_REPORT | CMD_EXPORT | CMD_DIFF)
#define CMD_EVERY  (CMD_ALL | CMD_DOCTOR)
#define CMD_STACKS (CMD_RECORD | CMD_EXPORT)
#define CMD_OUTPUT (CMD_STACKS | CMD_DIFF)

#define FORMATS      "atap pprof folded html text json trace prometheus"
#define DIFF_FORMATS "text html json"

const struct option_spec option_specs[] = {
	{'p', "pid", "PID[,PID...]", CMD_RECORD | CMD_DOCTOR, apply_pid,
	 "processes to tap, or to look at", "process numbers, as 4242 or 4242,4243"},
	{0, "children", NULL, CMD_RECORD, apply_children,
	 "also what they start, and what becomes of that by exec", ""},
	{'a', "all", NULL, CMD_RECORD, apply_all,
	 "all processes, those that start later too; says first what it will cost", ""},
	{0, "comm", "GLOB", CMD_RECORD, apply_comm,
	 "of all processes, those with such a name, as 'post*'",
	 "1 to 15 characters, * and ? among them"},
	{0, "cgroup", "DIR", CMD_RECORD, apply_cgroup,
	 "of all processes, those in a cgroup, as /sys/fs/cgroup/system.slice",
	 "a directory under /sys/fs/cgroup"},
	{0, "no-hold", NULL, CMD_RECORD, apply_no_hold,
	 "with the four above: new programs do not wait for their probes", ""},
	{'d', "duration", "TIME", CMD_RECORD, apply_duration,
	 "stop after TIME (500ms, 10s, 5m); else at Ctrl-C or the target's end",
	 "a time above 0, as 500ms, 10s, 5m"},
	{'o', "output", "FILE", CMD_OUTPUT, apply_output,
	 "write FILE, format by suffix; may be repeated; - is stdout (with -f)", ""},
	{'f', "format", "FORMAT", CMD_STACKS, apply_format, "if no suffix tells: " FORMATS,
	 "one of " FORMATS},
	{'f', "format", "FORMAT", CMD_DIFF, apply_format, "if no suffix tells: " DIFF_FORMATS,
	 "one of " DIFF_FORMATS},
	{0, "probe", "LIST", CMD_RECORD, apply_probe,
	 "what to tap: alloc,map,gc (default), wb, pages, native (in Go too)",
	 "a list of alloc, map, gc, wb, pages, native"},
	{0, "allocator", "SYMBOL[:N]", CMD_RECORD | CMD_DOCTOR, apply_allocator,
	 "tap SYMBOL, its size in argument N (1), besides malloc; repeatable",
	 "the name of a function, as palloc:2; the number of its size's argument is 1 to 6"},
	{0, "mode", "MODE", CMD_RECORD, apply_mode, "exact: every event is counted (default)",
	 "exact; this version has no other mode"},
	{0, "view", "VIEW", CMD_REPORT, apply_view,
	 "top of what: sites (default: call sites), types, maps, gc, leaks",
	 "sites, types, maps, gc or leaks"},
	{0, "suppressions", "FILE", CMD_REPORT | CMD_STACKS, apply_suppressions,
	 "leave out of what lives what FILE has, as LeakSanitizer reads it", ""},
	{0, "escapes", NULL, CMD_REPORT, apply_escapes,
	 "of the sites, those of single objects that escaped to the heap", ""},
	{0, "layout", "TYPE", CMD_REPORT, apply_layout,
	 "how a struct is laid out, as main.User or example.com/app/main.User",
	 "the name of a type, as --view types prints it"},
	{0, "json", NULL, CMD_REPORT, apply_json, "print JSON instead of text", ""},
	{0, "top", "N", CMD_ALL, apply_top, "rows of tables (default 20)", "a number above 0"},
	{0, "unit", "UNIT", CMD_STACKS, apply_unit,
	 "folded: bytes (default), objects, inserts, flushes, inuse[-objects]",
	 "bytes, objects, inserts, flushes, inuse or inuse-objects"},
	{0, "by", "WHAT", CMD_STACKS, apply_by,
	 "folded stacks by stack (default) or by type too, as their leaf", "stack or type"},
	{0, "gc-cycle", NULL, CMD_STACKS, apply_gc_cycle,
	 "pprof samples apart by the GC cycle they led to, in a label", ""},
	{0, "per-second", NULL, CMD_DIFF, apply_per_second,
	 "compare amounts per second of recording (default)", ""},
	{0, "totals", NULL, CMD_DIFF, apply_totals,
	 "compare sums: both runs did the same work, however long it took", ""},
	{0, "strict", NULL, CMD_RECORD, apply_strict, "exit 4 if anything was lost", ""},
	{0, "max-stacks", "N", CMD_RECORD, apply_max_stacks,
	 "distinct stacks the kernel holds between drains (default 24k)", "a number from 16 to 4m"},
	{0, "max-counts", "N", CMD_RECORD, apply_max_counts,
	 "distinct counts the kernel holds between drains (default 32k)", "a number from 16 to 4m"},
	{0, "live", NULL, CMD_RECORD, apply_live,
	 "native: follow what is allocated until it is freed: what lives, leaks", ""},
	{0, "max-live", "N", CMD_RECORD, apply_max_live,
	 "addresses that --live follows at a time (default 1m)", "a number from 16 to 128m"},
	{0, "unwind-memory", "SIZE", CMD_RECORD, apply_unwind_memory,
	 "native: room for unwind tables at most (default 64m)", "a size from 4m to 4g"},
	{0, "debuginfod", NULL, CMD_RECORD, apply_debuginfod,
	 "fetch debug information that is not installed from $DEBUGINFOD_URLS", ""},
	{0, "link", "KIND", CMD_RECORD, apply_link,
	 "how probes are attached: auto (default), multi, perf", "auto, multi or perf"},
	{0, "dry-run", NULL, CMD_RECORD, apply_dry_run, "print the probe plan and exit", ""},
	{0, "no-types", NULL, CMD_RECORD, apply_no_types, "leave types out: what they cost", ""},
	{0, "empty-probes", NULL, CMD_RECORD, apply_empty_probes,
	 "attach programs that do nothing: what the probes alone cost", ""},
	{'q', "quiet", NULL, CMD_EVERY, apply_quiet, "no talk but warnings and errors", ""},
	{'v', "verbose", NULL, CMD_EVERY, apply_verbose, "more talk", ""},
	{'h', "help", NULL, CMD_EVERY, apply_help, "this help", ""},
};

const size_t n_option_specs = ARRAY_SIZE(option_specs);
_Static_assert(ARRAY_SIZE(option_specs) <= OPTIONS_MAX, "room for all");
