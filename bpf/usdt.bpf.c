// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Static probes of runtimes other than Go: whatever they tell about their
 * garbage collections is passed on as it happens, and made sense of in user
 * space (user/session/gc_log.c).
 *
 * Compilers put the arguments of a probe where they like, elsewhere in every
 * build. User space reads from the file where that is, one entry of usdt_sites
 * for each place a probe is at, and the attach cookie is the index of it.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "arch.bpf.h"
#include "maps.bpf.h"
#include "target.bpf.h"
#include "usdt_event.h"

/* Records that found no room. */
__u64 usdt_lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, USDT_SITES_MAX);
	__type(key, __u32);
	__type(value, struct usdt_operands);
} usdt_sites SEC(".maps");

/*
 * Room for some 1400 records, apart from the events of the allocators: neither
 * may make the other lose any. User space looks every 100 ms or so; it is woken
 * only when that may be too late, because whoever is woken may take the CPU from
 * the collector, which then seems to stand still longer (by milliseconds on a
 * busy machine of two CPUs).
 */
#define USDT_EVENTS_BYTES (256 * 1024)

/* include/uapi/linux/bpf.h */
#define BPF_RB_AVAIL_DATA   0
#define BPF_RB_NO_WAKEUP    1
#define BPF_RB_FORCE_WAKEUP 2

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, USDT_EVENTS_BYTES);
} usdt_events SEC(".maps");

static __always_inline __u64 wakeup(void)
{
	__u64 used = bpf_ringbuf_query(&usdt_events, BPF_RB_AVAIL_DATA);

	return used < USDT_EVENTS_BYTES / 4 ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

static __always_inline __s64 usdt_number(const __u64 *regs, const struct usdt_operand *o)
{
	__u32 unused = 64 - 8 * (o->size & 15);
	__u64 value = 0, address;

	switch (o->kind) {
	case USDT_OPERAND_CONSTANT:
		return o->value;
	case USDT_OPERAND_REGISTER:
		value = regs[o->reg & (USER_REGS_NUMBERED - 1)];
		break;
	case USDT_OPERAND_MEMORY:
		address = regs[o->reg & (USER_REGS_NUMBERED - 1)] + o->value;
		if (bpf_probe_read_user(&value, sizeof(value), (void *)address))
			return 0;
		break;
	default:
		return 0;
	}
	value <<= unused & 63;
	return o->is_signed ? (__s64)value >> (unused & 63) : (__s64)(value >> (unused & 63));
}

/* Not NUL-terminated in the program, as a rule: the length is an argument. */
static __always_inline void usdt_text(char text[USDT_TEXT_MAX], const __u64 *regs,
				      const struct usdt_operand *address,
				      const struct usdt_operand *length)
{
	__u64 from = usdt_number(regs, address), n = usdt_number(regs, length);

	if (n >= USDT_TEXT_MAX)
		n = USDT_TEXT_MAX - 1;
	if (!from || bpf_probe_read_user(text, n & (USDT_TEXT_MAX - 1), (void *)from))
		n = 0;
	text[n & (USDT_TEXT_MAX - 1)] = 0;
}

SEC("?uprobe")
int usdt_passed(void *ctx)
{
	const __u64 regs[USER_REGS_NUMBERED] = USER_REGS_BY_NUMBER((user_regs *)ctx);
	__u32 index = bpf_get_attach_cookie(ctx) & (USDT_SITES_MAX - 1);
	const struct usdt_operands *site = bpf_map_lookup_elem(&usdt_sites, &index);
	struct tap_stats *s = stats_get();
	__u64 now = bpf_ktime_get_ns();
	__u32 place, target = target_of_hit(COOKIE_ANY_TARGET, &place);
	struct usdt_event *e;

	if (!site || !s)
		return 0;
	atomic_add(&s->hits, 1);
	if (!target) {
		atomic_add(&s->foreign, 1);
		return 0;
	}
	e = bpf_ringbuf_reserve(&usdt_events, sizeof(*e), 0);
	if (!e) {
		atomic_add(&usdt_lost, 1);
		return 0;
	}
	e->target = target;
	e->tid = bpf_get_current_pid_tgid();
	e->time_ns = now;
	e->number = usdt_number(regs, &site->number);
	e->probe = site->probe;
	e->pad = 0;
	for (int i = 0; i < USDT_TEXTS; i++)
		usdt_text(e->text[i], regs, &site->text[i].address, &site->text[i].length);
	bpf_ringbuf_submit(e, wakeup());
	/* Rare enough that each run can be timed. */
	atomic_add(&s->timed_hits, 1);
	atomic_add(&s->timed_ns, bpf_ktime_get_ns() - now);
	return 0;
}
