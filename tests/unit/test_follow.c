// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <linux/perf_event.h>
#include <linux/types.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "glob.h"
#include "target/container.h"
#include "target/perf_record.h"

static int matches(const char *pattern, const char *name)
{
	char p[GLOB_BYTES] = {0}, n[GLOB_BYTES] = {0};

	memcpy(p, pattern, strlen(pattern));
	memcpy(n, name, strlen(name));
	return glob_matches(p, n);
}

static void patterns_match_names(void **state)
{
	static const struct {
		const char *pattern, *name;
		int matches;
	} cases[] = {
		{"nginx", "nginx", 1},
		{"nginx", "nginx2", 0},
		{"nginx", "ngin", 0},
		{"", "", 1},
		{"", "x", 0},
		{"*", "", 1},
		{"*", "fifteen letters", 1},
		{"post*", "postgres", 1},
		{"post*", "post", 1},
		{"post*", "pos", 0},
		{"*sql", "mysql", 1},
		{"*sql", "mysqld", 0},
		{"p?th*n", "python", 1},
		{"p?th*n", "pthon", 0},
		{"*a*b*c*", "xxaxxbxxcxx", 1},
		{"*a*b*c*", "xxaxxcxxbxx", 0},
		{"*ab*ab", "ababab", 1},
		{"***************", "anything", 1},
		{"???????????????", "fifteen letters", 1},
		{"???????????????", "fourteen chars", 0},
		{"aaaaaaaaaaaaaa*", "aaaaaaaaaaaaaaa", 1},
		{"[a]", "a", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (matches(cases[i].pattern, cases[i].name) != cases[i].matches)
			fail_msg("%s on %s", cases[i].pattern, cases[i].name);
	}
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void containers_are_named_by_cgroups(void **state)
{
	static const struct {
		const char *text, *id;
	} cases[] = {
		{"0::/system.slice/docker-" ID ".scope\n", ID},
		{"12:cpu:/docker/" ID "\n0::/\n", ID},
		{"0::/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-" ID ".scope\n", ID},
		{"0::/kubepods/besteffort/pod0a/" ID "\n", ID},
		{"0::/machine.slice/libpod-" ID ".scope/container\n", ID},
		{"0::/user.slice/user-0.slice/session-1.scope\n", ""},
		{"0::/x/" ID "0\n", ""},
		{"0::/x/" ID "xyz\n", ""},
		{"", ""},
	};
	char id[CONTAINER_ID_BYTES];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		container_of_cgroup(cases[i].text, id);
		assert_string_equal(id, cases[i].id);
	}
}

/* PERF_RECORD_MMAP2 with a time behind it. */
struct mapped {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t address, length, offset;
	uint32_t major_no, minor_no;
	uint64_t inode, generation;
	uint32_t protection, flags;
	char path[16];
	uint64_t time_ns;
};

static const struct mapped mapped = {
	.header = {.type = PERF_RECORD_MMAP2, .size = sizeof(struct mapped)},
	.pid = 42,
	.tid = 43,
	.address = 0x7f0000000000,
	.length = 0x1000,
	.offset = 0x2000,
	.major_no = 8,
	.minor_no = 1,
	.inode = 99,
	.protection = PROT_READ | PROT_EXEC,
	.path = "/lib/x.so",
	.time_ns = 12345,
};

static void mappings_are_read(void **state)
{
	struct mapped m = mapped;
	struct perf_record r;

	(void)state;
	assert_int_equal(perf_record_parse(&m, sizeof(m), &r), sizeof(m));
	assert_int_equal(r.kind, PERF_RECORD_MAPPED);
	assert_int_equal(r.pid, 42);
	assert_int_equal(r.time_ns, 12345);
	assert_int_equal(r.map.start, 0x7f0000000000);
	assert_int_equal(r.map.end, 0x7f0000001000);
	assert_int_equal(r.map.offset, 0x2000);
	assert_int_equal(r.map.device, makedev(8, 1));
	assert_int_equal(r.map.inode, 99);
	assert_string_equal(r.map.path, "/lib/x.so");
	m.protection = PROT_READ;
	perf_record_parse(&m, sizeof(m), &r);
	assert_int_equal(r.kind, PERF_RECORD_OTHER);
}

static void damaged_records_are_passed_over(void **state)
{
	struct mapped m = mapped;
	struct perf_record r;

	(void)state;
	for (size_t len = 0; len < sizeof(m); len++)
		assert_int_equal(perf_record_parse(&m, len, &r), 0);
	/* No end of the path. */
	memset(m.path, 'x', sizeof(m.path));
	assert_int_equal(perf_record_parse(&m, sizeof(m), &r), sizeof(m));
	assert_int_equal(r.kind, PERF_RECORD_OTHER);
	/* Around the end of the address space. */
	m = mapped;
	m.length = UINT64_MAX;
	perf_record_parse(&m, sizeof(m), &r);
	assert_int_equal(r.kind, PERF_RECORD_OTHER);
	m.header.size = 4;
	assert_int_equal(perf_record_parse(&m, sizeof(m), &r), 0);
}

static void losses_and_execs_are_told(void **state)
{
	struct {
		struct perf_event_header header;
		uint64_t id, n, time_ns;
	} lost = {.header = {.type = PERF_RECORD_LOST, .size = sizeof(lost)}, .n = 7};
	struct {
		struct perf_event_header header;
		uint32_t pid, tid;
		char comm[8];
		uint64_t time_ns;
	} comm = {.header = {.type = PERF_RECORD_COMM, .size = sizeof(comm)}, .pid = 5};
	struct perf_record r;

	(void)state;
	assert_int_equal(perf_record_parse(&lost, sizeof(lost), &r), sizeof(lost));
	assert_int_equal(r.kind, PERF_RECORD_MISSED);
	assert_int_equal(r.missed, 7);
	perf_record_parse(&comm, sizeof(comm), &r);
	assert_int_equal(r.kind, PERF_RECORD_OTHER);
	comm.header.misc = PERF_RECORD_MISC_COMM_EXEC;
	perf_record_parse(&comm, sizeof(comm), &r);
	assert_int_equal(r.kind, PERF_RECORD_EXECED);
	assert_int_equal(r.pid, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_names),
		cmocka_unit_test(containers_are_named_by_cgroups),
		cmocka_unit_test(mappings_are_read),
		cmocka_unit_test(damaged_records_are_passed_over),
		cmocka_unit_test(losses_and_execs_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
