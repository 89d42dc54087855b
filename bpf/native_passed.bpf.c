// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Calls that are passed on through a pointer.
 *
 * A library that is preloaded has a malloc of its own, which goes on to libc's through
 * a pointer that dlsym(RTLD_NEXT) gave. Its code does not tell, so both are tapped. The
 * call is counted where it comes first, and a hit in another file is part of it where
 *	- it returns into the function that was entered last, or
 *	- it returns into that function's file while the function runs, or
 *	- it has the same return address at the same place: it was jumped to.
 *
 * The last two hold only of what the file has itself: who calls that by its name gets the
 * file's, so another's was called through a pointer. That a function still runs is told
 * by its return address, which is where it was: calls to come use the place again.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "native_hit.bpf.h"

/* The call of a thread that may be passed on. */
struct passing {
	__u64 slot, ret; /* of the outermost one: where its return address is, and what it is */
	__u64 last_slot, last_ret;  /* of the one entered last */
	__u64 first, end;           /* its code */
	__u64 text_first, text_end; /* its file's */
	__u32 target, file;
	__u32 ops;
	__u32 pad;
};

/* An allocator asks for address space while it is called: these are told apart. */
struct passings {
	struct passing of_blocks, of_pages;
};

/* Of each thread. One that cannot be had at the moment is as if there were none. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct passings);
} passings SEC(".maps");

/* Is the outermost one under way, with @slot deeper on its stack? */
static __always_inline bool runs(const struct passing *call, __u64 slot)
{
	__u64 ret;

	return call->slot > slot && call->slot - slot < NESTED_BYTES &&
	       !read_word(&ret, call->slot) && ret == call->ret;
}

static __always_inline bool is_part(const struct passing *call, const struct native_probe *p,
				    __u64 slot, __u64 ret)
{
	/* The call itself: what follows it may be another function. */
	__u64 from = ret - 1;

	if (from >= call->first && from < call->end)
		return true;
	if (!(call->ops >> (p->op & 31) & 1))
		return false;
	if (slot == call->last_slot && ret == call->last_ret)
		return true;
	return from >= call->text_first && from < call->text_end && runs(call, slot);
}

static __always_inline void set_code(struct passing *call, const struct native_probe *p,
				     __u64 first)
{
	call->first = first;
	call->end = first + p->bytes;
	call->text_first = first + (__s64)p->text.start;
	call->text_end = first + (__s64)p->text.end;
}

__noinline int native_passed(__u64 slot, __u64 ret, __u64 first, __u32 place, __u32 target)
{
	const struct native_probe *p = bpf_map_lookup_elem(&native_probes, &place);
	struct passings *calls;
	struct passing *call;
	bool is_known, is_new;

	if (!p)
		return 0;
	calls = bpf_task_storage_get(&passings, bpf_get_current_task_btf(), NULL,
				     p->ops ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	if (!calls)
		return 0;
	call = p->op < NATIVE_MMAP ? &calls->of_blocks : &calls->of_pages;
	is_known = call->target == target;
	is_new = !is_known || call->file == p->file || !is_part(call, p, slot, ret);
	if (!p->ops)
		return !is_new;
	/* One that was passed on may pass on what it got. */
	set_code(call, p, first);
	if (!is_new)
		return 1;
	if (!is_known || call->file != p->file || !runs(call, slot)) {
		call->slot = slot;
		call->ret = ret;
	}
	call->last_slot = slot;
	call->last_ret = ret;
	call->ops = p->ops;
	call->file = p->file;
	call->target = target;
	return 0;
}
