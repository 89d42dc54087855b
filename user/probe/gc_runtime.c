// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * What each runtime tells, as seen with readelf -n and by listening to programs
 * whose collections were known.
 *
 * HotSpot (libjvm.so; Debian's 17, 21, 25, Temurin 25; no semaphores)
 *	hs_private:safepoint__begin, hotspot:vmops__begin(name, length, mode),
 *	hotspot:gc__begin(full), ... gc__end, vmops__end, hs_private:safepoint__end
 *	is one stop of the world that collects; without the gc__ pair, one that does
 *	something else. All of it happens in the VM thread. The world stands from
 *	vmops__begin on, to within a few microseconds of what -Xlog:safepoint says.
 *
 *	hotspot:mem__pool__gc__begin(manager, length, pool, length, initial, used,
 *	committed, max), once per pool, and likewise ...__end, enclose a collection:
 *	what a GarbageCollectorMXBean counts. With the serial and parallel
 *	collectors two may happen in one stop, young and then full; ZGC's and
 *	Shenandoah's span several stops and are told from other threads.
 *
 * CPython (python3 or libpython3; Debian's 3.11 and 3.13; semaphores)
 *	python:gc__start(generation), python:gc__done(objects). The interpreter lock
 *	is held: no other Python code runs. Not there unless built --with-dtrace.
 *
 * Ruby (libruby; Debian 12's 3.1, not Debian 13's 3.3; semaphores)
 *	ruby:gc__mark__begin, gc__mark__end: once per GC.count. ruby:gc__sweep__begin,
 *	gc__sweep__end: the rest, in pieces, some of them within marking.
 *
 * Node.js had node:gc__start and gc__done up to 18, in builds --with-dtrace, and
 * has had none since (nodejs/node pull requests 43651, 43652).
 */
#include <string.h>

#include "base/cleanup.h"
#include "probe/gc_runtime.h"

enum { HOTSPOT, CPYTHON, RUBY, NODE };

static const struct gc_runtime runtimes[] = {
	[HOTSPOT] =
		{
			.id = "hotspot",
			.label = "OpenJDK HotSpot",
			.files = {"libjvm.so"},
			.beside = "../lib/server/libjvm.so",
			.remedy = "OpenJDK configured with --enable-dtrace has them, as Debian's "
				  "and Temurin's packages do",
			.tells_stops = true,
		},
	[CPYTHON] =
		{
			.id = "cpython",
			.label = "CPython",
			.files = {"python3", "libpython3", "python2", "libpython2"},
			.remedy = "CPython configured with --with-dtrace has them, as Debian's "
				  "python3 does",
		},
	[RUBY] =
		{
			.id = "ruby",
			.label = "Ruby",
			.files = {"libruby", "ruby"},
			.remedy = "Ruby configured with --enable-dtrace where <sys/sdt.h> is "
				  "installed has them, as Debian 12's ruby3.1 does",
		},
	[NODE] =
		{
			.id = "nodejs",
			.label = "Node.js",
			.files = {"libnode.so", "node"},
			.remedy = "no Node.js since 19 can be built with them; node --trace-gc "
				  "tells of its collections",
		},
};

#define PROBE(runtime_, provider_, name_, role_, ...)                                 \
	{                                                                             \
		.runtime = &runtimes[runtime_], .provider = provider_, .name = name_, \
		.role = role_, __VA_ARGS__                                            \
	}

const struct gc_probe gc_probes[] = {
	PROBE(HOTSPOT, "hotspot", "gc__begin", USDT_COLLECT_BEGIN, .number = 1),
	PROBE(HOTSPOT, "hotspot", "gc__end", USDT_COLLECT_END, ),
	PROBE(HOTSPOT, "hotspot", "mem__pool__gc__begin", USDT_POOL, .number = 6, .text = {1, 3}),
	PROBE(HOTSPOT, "hotspot", "mem__pool__gc__end", USDT_POOL_DONE, .number = 6,
	      .text = {1, 3}),
	PROBE(HOTSPOT, "hs_private", "safepoint__begin", USDT_STOP, ),
	PROBE(HOTSPOT, "hotspot", "vmops__begin", USDT_STOPPED, .text = {1}),
	PROBE(HOTSPOT, "hs_private", "safepoint__end", USDT_RESUME, ),
	PROBE(CPYTHON, "python", "gc__start", USDT_COLLECT_BEGIN, .reason = "generation",
	      .number = 1),
	PROBE(CPYTHON, "python", "gc__done", USDT_COLLECT_END, ),
	PROBE(RUBY, "ruby", "gc__mark__begin", USDT_COLLECT_BEGIN, .reason = "mark"),
	PROBE(RUBY, "ruby", "gc__mark__end", USDT_COLLECT_END, ),
	PROBE(RUBY, "ruby", "gc__sweep__begin", USDT_SWEEP_BEGIN, .reason = "sweep"),
	PROBE(RUBY, "ruby", "gc__sweep__end", USDT_SWEEP_END, ),
};

const size_t n_gc_probes = ARRAY_SIZE(gc_probes);

const struct gc_probe *gc_probe_find(const char *provider, const char *name)
{
	for (size_t i = 0; i < n_gc_probes; i++) {
		if (!strcmp(gc_probes[i].provider, provider) && !strcmp(gc_probes[i].name, name))
			return &gc_probes[i];
	}
	return NULL;
}

/* "python3.11" begins with "python3"; "rubygems.so" is not "ruby". */
static int is_file_of(const char *base, const char *prefix)
{
	size_t len = strlen(prefix);

	return !strncmp(base, prefix, len) &&
	       strspn(base + len, ".-0123456789dmsotu") == strlen(base + len);
}

const struct gc_runtime *gc_runtime_of_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(runtimes[i].files); k++) {
			if (runtimes[i].files[k] && is_file_of(base, runtimes[i].files[k]))
				return &runtimes[i];
		}
	}
	return NULL;
}

const struct gc_runtime *gc_runtime_at(size_t i)
{
	return i < ARRAY_SIZE(runtimes) ? &runtimes[i] : NULL;
}
