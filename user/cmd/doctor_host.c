// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cmd/doctor_host.h"
#include "probe/return_guard.h"
#include "probe/uprobe_multi.h"

/* The oldest kernel whose BPF has all that the programs need. */
#define OLDEST_MAJOR 6
#define OLDEST_MINOR 1

struct privilege {
	int capability;
	const char *name;
};

static const struct privilege privileges[] = {
	{CAP_BPF, "CAP_BPF"},
	{CAP_PERFMON, "CAP_PERFMON"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
};

void doctor_line(FILE *out, const char *what, const char *fmt, ...)
{
	va_list ap;

	fprintf(out, "  %-14s ", what);
	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

static bool check_kernel(FILE *out)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;
	bool new_enough;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
		doctor_line(out, "kernel", "unknown");
		return false;
	}
	new_enough = major > OLDEST_MAJOR || (major == OLDEST_MAJOR && minor >= OLDEST_MINOR);
	doctor_line(out, "kernel", "%s %s%s", name.release, name.machine,
		    new_enough ? "" : ": too old, need Linux 6.1");
	return new_enough;
}

static bool check_btf(FILE *out)
{
	bool there = !access("/sys/kernel/btf/vmlinux", R_OK);

	doctor_line(out, "BTF", "%s",
		    there ? "yes"
			  : "no /sys/kernel/btf/vmlinux: need a kernel with CONFIG_DEBUG_INFO_BTF");
	return there;
}

/* Our effective capabilities, as a mask; all where it cannot be told. */
static uint64_t capabilities(void)
{
	__auto_file FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "CapEff:", 7))
			return strtoull(line + 7, NULL, 16);
	}
	return UINT64_MAX;
}

static bool has(uint64_t mask, int capability)
{
	return mask >> capability & 1;
}

/* @multi: probes are put in by multi-uprobe links, which need less. */
static bool check_privileges(FILE *out, bool multi)
{
	uint64_t mask = capabilities();
	char missing[128] = "";

	if (has(mask, CAP_SYS_ADMIN)) {
		doctor_line(out, "privileges", "CAP_SYS_ADMIN%s",
			    has(mask, CAP_SYS_PTRACE)
				    ? ""
				    : ", no CAP_SYS_PTRACE: processes of your own user only");
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(privileges); i++) {
		if (has(mask, privileges[i].capability))
			continue;
		snprintf(missing + strlen(missing), sizeof(missing) - strlen(missing), "%s%s",
			 *missing ? ", " : "", privileges[i].name);
	}
	if (!multi && !*missing)
		snprintf(missing, sizeof(missing), "CAP_SYS_ADMIN");
	doctor_line(out, "privileges", "%s%s%s",
		    *missing ? "missing: " : "CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE", missing,
		    *missing ? ": run this as root" : "");
	return !*missing;
}

static void describe_links(FILE *out, int multi, int session)
{
	struct utsname name;

	if (multi < 0) {
		doctor_line(out, "links", "unknown: no permission to load programs");
		return;
	}
	doctor_line(out, "links", "%s",
		    multi ? "multi-uprobe: one for all probes of a file"
			  : "perf: one for each probe, slow to put in and to take out");
	if (!uname(&name) && return_guard_kernel(name.release))
		doctor_line(out, "--live",
			    "not of processes that filter their system calls (seccomp): this "
			    "kernel may kill them for a return probe; Linux 6.14 does not");
	else
		doctor_line(out, "--live", "%s",
			    session > 0 ? "yes, by session links"
					: "yes, by probes of calls and of returns");
}

bool doctor_host(FILE *out)
{
	bool ok = check_kernel(out);
	int multi = uprobe_multi_supported();
	int session = multi > 0 ? uprobe_session_supported() : 0;

	ok = check_btf(out) && ok;
	ok = check_privileges(out, multi > 0) && ok;
	describe_links(out, multi, session);
	return ok;
}
