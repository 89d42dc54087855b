// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/vec.h"
#include "session/probed.h"

#include "alloctap.h"
#include "alloctap.skel.h" /* names types of alloctap.h */

struct probed_files {
	VEC(struct probed *) list;
};

struct probed_files *probed_files_new(void)
{
	return calloc(1, sizeof(struct probed_files));
}

void probed_files_free(struct probed_files *p)
{
	if (!p)
		return;
	vec_for_each (&p->list, probed)
		free(*probed);
	vec_free(&p->list);
	free(p);
}

void probed_files_forget(struct probed_files *p)
{
	vec_for_each (&p->list, probed)
		(*probed)->go = (*probed)->native = (*probed)->usdt = false;
}

void probed_files_prepare(struct alloctap_bpf *skel)
{
	bpf_program__set_autoload(skel->progs.find_probed_inode, true);
}

/* 0: it cannot be told. */
static uint64_t inode_of(struct alloctap_bpf *skel, const struct file *file)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *map = mmap(NULL, page, PROT_READ, MAP_PRIVATE, file->fd, 0);
	uint64_t arguments[1] = {(uintptr_t)map};
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = arguments, .ctx_size_in = sizeof(arguments));
	int err;

	if (map == MAP_FAILED)
		return 0;
	skel->bss->probed_inode = 0;
	err = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.find_probed_inode), &run);
	munmap(map, page);
	if (err || !skel->bss->probed_inode)
		log_debug("%s: its inode cannot be told: %s, %d", file->path, strerror(-err),
			  (int)run.retval);
	return err ? 0 : skel->bss->probed_inode;
}

static struct probed *add(struct probed_files *p, uint64_t inode)
{
	struct probed *probed = calloc(1, sizeof(*probed));

	if (!probed || vec_push(&p->list, probed)) {
		free(probed);
		errno = ENOMEM;
		return NULL;
	}
	probed->inode = inode;
	return probed;
}

struct probed *probed_files_get(struct probed_files *p, struct alloctap_bpf *skel,
				struct file *file)
{
	uint64_t inode;

	if (file->probed)
		return file->probed;
	inode = inode_of(skel, file);
	vec_for_each (&p->list, probed) {
		if (inode && (*probed)->inode == inode)
			return file->probed = *probed;
	}
	return file->probed = add(p, inode);
}
