// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Shows what user/binary makes of a file's .eh_frame, for tests/e2e/test_rows.py:
 *
 *	rowdump FILE...		one line each: "rows rules bytes us functions damaged file"
 *	rowdump FILE -		the rule at each of the hex addresses on stdin, as
 *				"cfa fp", like readelf: "rsp+16 c-16", "? ?" where unknown
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "binary/eh_frame.h"

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void print_cfa(const struct unwind_rule *r)
{
	switch (r->cfa) {
	case UNWIND_CFA_RSP:
		printf("rsp%+d", r->cfa_off);
		break;
	case UNWIND_CFA_RBP:
		printf("rbp%+d", r->cfa_off);
		break;
	case UNWIND_CFA_PLT:
		printf("plt%+d:%d", r->cfa_off, r->plt_pushed);
		break;
	case UNWIND_CFA_DEREF_RSP:
		printf("*(rsp%+d)%+d", r->deref_off, r->deref_add);
		break;
	case UNWIND_CFA_DEREF_RBP:
		printf("*(rbp%+d)%+d", r->deref_off, r->deref_add);
		break;
	case UNWIND_CFA_SIGNAL:
		printf("signal");
		break;
	case UNWIND_CFA_STOP:
		printf("stop");
		break;
	default:
		printf("?");
	}
}

static void print_rule(const struct unwind_rule *r)
{
	print_cfa(r);
	if (r->cfa == UNWIND_CFA_NONE || r->cfa >= UNWIND_CFA_SIGNAL || r->fp == UNWIND_FP_LOST)
		printf(" ?\n");
	else if (r->fp == UNWIND_FP_SAME || r->cfa == UNWIND_CFA_PLT)
		printf(" u\n");
	else
		printf(" %s%+d\n", r->fp == UNWIND_FP_AT_CFA ? "c" : "*rbp", r->fp_off);
}

static int dump(const char *path, bool lookup)
{
	__auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct elf_file *f = fd < 0 ? NULL : elf_file_open_fd(fd, path);
	struct eh_frame_stats stats;
	struct unwind_table *t;
	uint64_t began = now_us(), vaddr;

	t = f ? eh_frame_read(f, &stats) : NULL;
	if (!t) {
		fprintf(stderr, "rowdump: %s: %s\n", path, strerror(errno));
		elf_file_free(f);
		return 1;
	}
	if (lookup) {
		while (scanf("%" SCNx64, &vaddr) == 1)
			print_rule(unwind_table_find(t, vaddr));
	} else {
		printf("%zu %zu %zu %" PRIu64 " %zu %zu %s\n", t->n_rows, t->n_rules,
		       t->n_rows * sizeof(*t->rows) + t->n_pages * sizeof(*t->pages),
		       now_us() - began, stats.functions, stats.damaged, path);
	}
	unwind_table_free(t);
	elf_file_free(f);
	return 0;
}

int main(int argc, char **argv)
{
	int err = argc < 2;

	if (argc == 3 && !strcmp(argv[2], "-"))
		return dump(argv[1], true);
	for (int i = 1; i < argc; i++)
		err |= dump(argv[i], false);
	return err;
}
