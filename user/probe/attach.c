// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/vec.h"
#include "probe/attach.h"

struct attachment {
	enum link_kind kind;
	size_t n_probes;
	VEC(int) multi_links;
	VEC(struct bpf_link *) perf_links;
};

int link_kind_choose(enum link_kind *kind)
{
	int multi;

	if (*kind == LINK_PERF)
		return 0;
	multi = uprobe_multi_supported();
	if (*kind == LINK_AUTO) {
		*kind = multi > 0 ? LINK_MULTI : LINK_PERF;
		return 0;
	}
	if (multi)
		return 0; /* also where we may not know: loading will say what is missing */
	log_error("--link multi: this kernel has no multi-uprobe link for one process: need Linux "
		  "6.10, or 6.6 with its fixes; leave --link out, or say --link perf");
	return -ENOTSUP;
}

const char *link_kind_name(enum link_kind kind)
{
	static const char *const names[] = {
		[LINK_AUTO] = "auto", [LINK_MULTI] = "multi", [LINK_PERF] = "perf"};

	return names[kind];
}

struct attachment *attachment_new(enum link_kind kind)
{
	struct attachment *a = calloc(1, sizeof(*a));

	if (a)
		a->kind = kind;
	return a;
}

void attachment_prepare(const struct attachment *a, struct bpf_program *prog)
{
	bpf_program__set_autoload(prog, true);
	bpf_program__set_type(prog, BPF_PROG_TYPE_KPROBE);
	if (a->kind == LINK_MULTI)
		bpf_program__set_expected_attach_type(
			prog, (enum bpf_attach_type)ATTACH_TYPE_UPROBE_MULTI);
}

bool attachment_prepare_session(const struct attachment *a, struct bpf_program *prog)
{
	if (a->kind != LINK_MULTI || uprobe_session_supported() <= 0)
		return false;
	bpf_program__set_autoload(prog, true);
	bpf_program__set_type(prog, BPF_PROG_TYPE_KPROBE);
	bpf_program__set_expected_attach_type(prog,
					      (enum bpf_attach_type)ATTACH_TYPE_UPROBE_SESSION);
	return true;
}

static int say_failure(const struct attachment *a, const char *name, int err)
{
	if (err == -EPERM || err == -EACCES)
		log_error("%s: no permission to attach probes: need %s", name,
			  a->kind == LINK_PERF ? "CAP_SYS_ADMIN" : "CAP_BPF and CAP_PERFMON");
	else if (err == -ESRCH)
		log_error("%s: ended while probes were being attached", name);
	else
		log_error("%s: probes cannot be attached (--link %s): %s", name,
			  link_kind_name(a->kind), strerror(-err));
	return err;
}

static int attach_multi(struct attachment *a, struct bpf_program *prog, const char *path,
			const struct uprobe_offsets *offsets, pid_t pid)
{
	int err, fd;

	if (vec_reserve(&a->multi_links, a->multi_links.n + 1))
		return -ENOMEM;
	fd = uprobe_multi_link(bpf_program__fd(prog), path, offsets, pid < 0 ? 0 : pid);
	if (fd < 0)
		return fd;
	err = vec_push(&a->multi_links, fd);
	a->n_probes += offsets->n;
	return err;
}

static int attach_perf(struct attachment *a, struct bpf_program *prog, const char *path,
		       const struct uprobe_offsets *offsets, size_t i, pid_t pid)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = offsets->cookies[i],
		    .ref_ctr_offset = offsets->semaphores ? offsets->semaphores[i] : 0,
		    .retprobe = offsets->when == UPROBE_RETURN);
	struct bpf_link *link;

	if (vec_reserve(&a->perf_links, a->perf_links.n + 1))
		return -ENOMEM;
	link = bpf_program__attach_uprobe_opts(prog, pid, path, offsets->probes[i], &opts);
	if (!link)
		return -errno;
	a->n_probes++;
	return vec_push(&a->perf_links, link);
}

static int attach_offsets(struct attachment *a, struct bpf_program *prog, const char *path,
			  const struct uprobe_offsets *offsets, pid_t pid)
{
	int err = 0;

	if (!offsets->n)
		return 0;
	if (a->kind == LINK_MULTI)
		return attach_multi(a, prog, path, offsets, pid);
	for (size_t i = 0; i < offsets->n && !err; i++)
		err = attach_perf(a, prog, path, offsets, i, pid);
	return err;
}

int attachment_add(struct attachment *a, const char *name, const struct probe_plan *plan,
		   struct bpf_program *const programs[KIND_GO_END], struct target_place place,
		   pid_t pid, int exe_fd)
{
	__auto_free uint64_t *offsets = calloc(plan->n, sizeof(*offsets));
	__auto_free uint64_t *cookies = calloc(plan->n, sizeof(*cookies));
	char path[64];
	int err = offsets && cookies ? 0 : -ENOMEM;

	/* The open file, not a path: the target's names may mean nothing here. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", exe_fd);
	for (int kind = 0; kind < KIND_GO_END && !err; kind++) {
		size_t n = 0;

		for (size_t i = 0; i < plan->n; i++) {
			const struct probe *p = &plan->probes[i];
			union probe_cookie cookie = {
				.flags = p->point.stack_check ? COOKIE_STACK_CHECK : 0,
				.layout = place.layout,
				.cfa_off = p->point.cfa_off,
				.growth = (__u8)p->growth,
				.target = place.target,
				.gc = (__u8)p->gc,
			};

			if ((int)p->kind != kind)
				continue;
			offsets[n] = p->file_offset;
			cookies[n++] = cookie.value;
		}
		err = attach_offsets(
			a, programs[kind], path,
			&(struct uprobe_offsets){.probes = offsets, .cookies = cookies, .n = n},
			pid);
	}
	return err ? say_failure(a, name, err) : 0;
}

int attachment_add_one(struct attachment *a, const char *name, struct bpf_program *prog,
		       uint64_t file_offset, pid_t pid, int exe_fd)
{
	const uint64_t cookie = 0;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", exe_fd);
	err = attach_offsets(
		a, prog, path,
		&(struct uprobe_offsets){.probes = &file_offset, .cookies = &cookie, .n = 1}, pid);
	return err ? say_failure(a, name, err) : 0;
}

int attachment_add_usdt(struct attachment *a, const char *name, const struct usdt_plan *plan,
			struct bpf_program *prog, uint32_t first_cookie, pid_t pid, int fd)
{
	__auto_free uint64_t *words = calloc(plan->n, 3 * sizeof(*words));
	uint64_t *cookies, *semaphores;
	char path[64];
	int err;

	if (!words)
		return say_failure(a, name, -ENOMEM);
	cookies = words + plan->n;
	semaphores = cookies + plan->n;
	for (size_t i = 0; i < plan->n; i++) {
		words[i] = plan->sites[i].file_offset;
		cookies[i] = first_cookie + i;
		semaphores[i] = plan->sites[i].semaphore;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = attach_offsets(a, prog, path,
			     &(struct uprobe_offsets){.probes = words,
						      .cookies = cookies,
						      .semaphores = semaphores,
						      .n = plan->n},
			     pid);
	return err ? say_failure(a, name, err) : 0;
}

int attachment_add_native(struct attachment *a, const char *name, struct bpf_program *prog,
			  const struct uprobe_offsets *offsets, pid_t pid, int fd)
{
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = attach_offsets(a, prog, path, offsets, pid);
	return err ? say_failure(a, name, err) : 0;
}

size_t attachment_count(const struct attachment *a)
{
	return a->n_probes;
}

void attachment_free(struct attachment *a)
{
	if (!a)
		return;
	vec_for_each (&a->multi_links, fd)
		close(*fd);
	vec_for_each (&a->perf_links, link)
		bpf_link__destroy(*link);
	vec_free(&a->multi_links);
	vec_free(&a->perf_links);
	free(a);
}
