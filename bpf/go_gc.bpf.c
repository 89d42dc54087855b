// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Go's garbage collector, from the entries of a few functions of the runtime:
 *
 *	gcStart(kind)			many enter, losers return at once
 *	gcBgMarkStartWorkers		a cycle it is			epoch + 1
 *	stopTheWorldWithSema		the first stop begins
 *	finishsweep_m			the world stands
 *	startTheWorldWithSema		the first stop ends: a pause
 *	  gcAssistAlloc1, gcParkAssist	allocations help to mark, or wait
 *	stopTheWorldWithSema		the last stop begins; maybe more than once,
 *	gcMarkTermination		when there was more to mark; this says it is the last
 *	gcSweep				what is dead is swept from now on, beside the program
 *	startTheWorldWithSema		the last stop ends: a pause, and the cycle
 *	freeSomeWbufs			the background sweeper has found nothing more to sweep
 *
 * A process stops its world for one reason at a time (worldsema), so a stop needs
 * no key but the process; a goroutine may stop it on one thread and restart it on
 * another. From Go 1.23 the restart is told all there is to know of its stop.
 *
 * An assist is timed where the runtime times it (gcAssistAlloc1: what gctrace
 * prints). The function around it has no end of its own to probe: what follows its
 * call is run by each allocation while the GC marks (Go 1.24, deductAssistCredit).
 *
 * Cycles and pauses go through a ring buffer that wakes nobody until it is half full:
 * a drain takes them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "hit.bpf.h"

/* By place. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gc_target);
} gc_targets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} gc_events SEC(".maps");

/* A goroutine; its address stays the same from birth to death. */
struct goroutine_key {
	__u64 g;
	__u32 target; /* id */
	__u32 pad;
};

/* Why a goroutine is about to start the GC, or to stop the world. */
struct gc_intent {
	__u32 trigger;
	char reason[GC_REASON_TEXT]; /* "": it is the GC it wants */
};

/* Most entries are of goroutines that came too late to start the GC: let them age. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct goroutine_key);
	__type(value, struct gc_intent);
} gc_intents SEC(".maps");

struct gc_assist {
	__u64 began_ns;
	__u64 stack;
};

/* Assists under way; g is the system stack that marks, or the goroutine that waits. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct goroutine_key);
	__type(value, struct gc_assist);
} gc_assists SEC(".maps");

/* What the cases of go_gc() share. */
struct gc_hit {
	struct hit hit;
	struct gc_target *target;
	struct goroutine_key key; /* of the g that runs */
	__u64 now;
	__u64 stack; /* 0 where it was not walked, or is lost */
	__u32 place;
	__u32 pad;
	struct gc_event event;
};

static __always_inline enum gc_stops gc_stops(const struct gc_hit *h)
{
	return hit_layout(&h->hit)->gc_stops;
}

/*
 * Sends h->event. Not built in the ring buffer's memory: Linux 6.1's verifier forgets,
 * before we are done, that the reservation was checked.
 */
static __always_inline void event_send(struct gc_hit *h)
{
	__u64 waiting = bpf_ringbuf_query(&gc_events, BPF_RB_AVAIL_DATA);
	__u64 room = bpf_ringbuf_query(&gc_events, BPF_RB_RING_SIZE);

	h->event.target = h->key.target;
	if (bpf_ringbuf_output(&gc_events, &h->event, sizeof(h->event),
			       waiting > room / 2 ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP))
		lose(LOST_GC_EVENT);
}

static __always_inline void gc_trigger(struct gc_hit *h)
{
	struct gc_intent intent = {.trigger = GO_REGS_ARG1(h->hit.regs)};

	bpf_map_update_elem(&gc_intents, &h->key, &intent, BPF_ANY);
}

static __always_inline void gc_cycle(struct gc_hit *h)
{
	const volatile struct go_layout *l = hit_layout(&h->hit);
	struct gc_intent *intent = bpf_map_lookup_elem(&gc_intents, &h->key);
	__u32 epoch = __sync_fetch_and_add(epoch_at(h->place), 1) + 1;
	__u32 trigger = intent ? intent->trigger : GC_TRIGGER_UNKNOWN;
	struct gc_event *e = &h->event;

	if (intent)
		bpf_map_delete_elem(&gc_intents, &h->key);
	h->target->phase = GC_MARKING;
	e->event = GC_EVENT_CYCLE;
	e->epoch = epoch;
	e->what = trigger;
	e->time_ns = h->now;
	e->stack = h->stack;
#pragma unroll
	for (int i = 0; i < PACER_MAX; i++) {
		if (h->target->controller && l->pacer[i] != PACER_ABSENT)
			read_word(&e->pacer[i], h->target->controller + l->pacer[i]);
	}
	event_send(h);
}

static __always_inline void gc_stop_named(struct gc_hit *h)
{
	struct gc_intent intent = {.trigger = GC_TRIGGER_UNKNOWN};
	__u64 len = GO_REGS_ARG2(h->hit.regs);

	if (len > GC_REASON_TEXT - 1)
		len = GC_REASON_TEXT - 1;
	if (bpf_probe_read_user(intent.reason, len, (void *)GO_REGS_ARG1(h->hit.regs)))
		intent.reason[0] = '?';
	bpf_map_update_elem(&gc_intents, &h->key, &intent, BPF_ANY);
}

/* What the goroutine behind this system stack said that it stops the world for. */
static __always_inline void take_named_reason(struct gc_hit *h)
{
	const volatile struct go_layout *l = hit_layout(&h->hit);
	struct goroutine_key key = {.target = h->key.target};
	struct gc_intent *intent;
	__u64 m;

	h->target->text[0] = 0;
	if (read_word(&m, h->key.g + l->g_m) || read_word(&key.g, m + l->m_curg))
		return;
	intent = bpf_map_lookup_elem(&gc_intents, &key);
	if (!intent || !intent->reason[0])
		return;
	__builtin_memcpy(h->target->text, intent->reason, sizeof(h->target->text));
	bpf_map_delete_elem(&gc_intents, &key);
}

static __always_inline void gc_stop(struct gc_hit *h)
{
	struct gc_target *t = h->target;
	__u32 phase = t->phase;

	t->stop_ns = h->now;
	t->stopped_ns = 0;
	t->stack = h->stack;
	if (gc_stops(h) != GC_STOPS_NAMED) {
		t->reason = GO_REGS_ARG1(h->hit.regs) & 0xff;
		return;
	}
	take_named_reason(h);
	t->reason = 0;
	if (!t->text[0])
		t->reason = (phase & GC_MARKING) && !(phase & GC_SWEPT)
				    ? GC_REASON_SWEEP_TERMINATION
				    : GC_REASON_MARK_TERMINATION;
}

static __always_inline void gc_stopped(struct gc_hit *h)
{
	if (h->target->stop_ns && !h->target->stopped_ns)
		h->target->stopped_ns = h->now;
}

/* When the stop now ending began, and when the world stood; 0: not known. */
static __always_inline void stop_times(const struct gc_hit *h, __u64 *began, __u64 *stood)
{
	__u64 told_began = GO_REGS_ARG3(h->hit.regs), told_stood = GO_REGS_ARG4(h->hit.regs);

	/* Not what this runtime was taken for? Then our own clock has to do. */
	if (gc_stops(h) >= GC_STOPS_START && told_began >= *began && told_began <= h->now)
		*began = told_began;
	if (gc_stops(h) >= GC_STOPS_STAMPED)
		*stood = told_stood;
	if (*stood < *began || *stood > h->now)
		*stood = 0;
}

/* Ends the stop under way. */
static __always_inline void end_pause(struct gc_hit *h, __u64 end)
{
	struct gc_target *t = h->target;
	bool is_gc =
		t->reason == GC_REASON_MARK_TERMINATION || t->reason == GC_REASON_SWEEP_TERMINATION;
	__u64 began = t->stop_ns, stood = t->stopped_ns;
	__u32 phase = t->phase & ~GC_RESTARTING;
	struct gc_event *e = &h->event;

	e->event = GC_EVENT_PAUSE;
	e->epoch = is_gc && phase & GC_MARKING ? *epoch_at(h->place) : 0;
	e->what = t->reason;
	e->time_ns = began;
	e->stack = t->stack;
	e->pause.stopping_ns = stood ? stood - began : 0;
	e->pause.stopped_ns = end - (stood ?: began);
	e->pause.is_gc = is_gc;
	e->pause.ends_cycle = (phase & GC_TERMINATED) != 0;
	e->pause.sweep_ns = t->sweep_ns >= began ? t->sweep_ns : 0;
	__builtin_memcpy(e->pause.text, t->text, sizeof(e->pause.text));
	event_send(h);
	/* In this stop all is swept that was not before. */
	if (t->reason == GC_REASON_SWEEP_TERMINATION)
		t->sweep_epoch = 0;
	t->stop_ns = 0;
	t->phase = phase & GC_TERMINATED                      ? 0
		   : t->reason == GC_REASON_SWEEP_TERMINATION ? phase | GC_SWEPT
							      : phase;
}

/*
 * The runtime takes a pause to end when it has woken all threads (which on a busy
 * machine may take their time to let it go on), but the last one of a cycle when it
 * is about to: it says when from 1.22 on, and does so right before to 1.21.
 */
static __always_inline void gc_restart(struct gc_hit *h)
{
	struct gc_target *t = h->target;
	__u64 end = 0;

	if (!t->stop_ns)
		return; /* the stop was before our time: whose it was is not known */
	stop_times(h, &t->stop_ns, &t->stopped_ns);
	if (t->phase & GC_TERMINATED)
		end = h->now;
	if (gc_stops(h) >= GC_STOPS_START && GO_REGS_ARG1(h->hit.regs))
		end = GO_REGS_ARG1(h->hit.regs);
	if (!end)
		t->phase |= GC_RESTARTING;
	else if (end > h->now || end < t->stop_ns || end < t->stopped_ns)
		end_pause(h, h->now);
	else
		end_pause(h, end);
}

static __always_inline void gc_restarted(struct gc_hit *h)
{
	if (h->target->phase & GC_RESTARTING)
		end_pause(h, h->now);
}

static __always_inline void gc_sweep(struct gc_hit *h)
{
	h->target->sweep_ns = h->now;
	h->target->sweep_epoch = h->target->phase & GC_MARKING ? *epoch_at(h->place) : 0;
}

/* The first time in a cycle: more follow while there is something to be freed. */
static __always_inline void gc_swept(struct gc_hit *h)
{
	if (!h->target->sweep_epoch)
		return;
	h->event.event = GC_EVENT_SWEPT;
	h->event.epoch = h->target->sweep_epoch;
	h->event.time_ns = h->now;
	h->target->sweep_epoch = 0;
	event_send(h);
}

static __always_inline void assist_begin(struct gc_hit *h)
{
	struct gc_assist assist = {.stack = h->stack};

	/* The walk is behind us: it is not the assist's time. */
	assist.began_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&gc_assists, &h->key, &assist, BPF_ANY))
		lose(LOST_GC_ASSIST);
}

static __always_inline void assist_end(struct gc_hit *h)
{
	struct gc_assist *assist = bpf_map_lookup_elem(&gc_assists, &h->key);
	struct count_key key = {.kind = KIND_GC_ASSIST, .target = h->key.target};
	struct count_value v = {.objects = 1};

	if (!assist)
		return; /* it began before our time, or was counted as lost */
	key.epoch = *epoch_at(h->place);
	key.stack = assist->stack;
	v.bytes = h->now - assist->began_ns;
	bpf_map_delete_elem(&gc_assists, &h->key);
	count_event(&key, &v, NULL);
}

/* Who stops the world, starts a cycle or has to help is worth a stack. */
#define WALKED (1u << GC_CYCLE | 1u << GC_STOP | 1u << GC_ASSIST_BEGIN | 1u << GC_PARK_BEGIN)

static __always_inline __u64 walk_and_keep(const struct hit *hit)
{
	struct walk_scratch *s = scratch_take();
	__u64 id;

	if (!s) {
		lose(LOST_STACK_SCRATCH);
		return 0;
	}
	id = hit_walk(hit, s);
	if (!keep_stack(id, &s->stack))
		id = 0;
	scratch_release(s);
	return id;
}

SEC("?uprobe")
int go_gc(void *ctx)
{
	struct gc_hit h = {};
	__u8 function;

	if (!hit_begin(&h.hit, ctx))
		return 0;
	h.now = bpf_ktime_get_ns();
	function = h.hit.cookie.gc;
	h.key.target = hit_target(&h.hit, &h.place);
	/* Those that share a place are more than it can follow. */
	h.target = h.place ? bpf_map_lookup_elem(&gc_targets, &h.place) : NULL;
	if (!h.target || !h.key.target)
		return 0;
	h.key.g = GO_REGS_G(h.hit.regs);
	if (function < 32 && WALKED & 1u << function)
		h.stack = walk_and_keep(&h.hit);
	switch (function) {
	case GC_TRIGGER:
		gc_trigger(&h);
		break;
	case GC_CYCLE:
		gc_cycle(&h);
		break;
	case GC_STOP_NAMED:
		gc_stop_named(&h);
		break;
	case GC_STOP:
		gc_stop(&h);
		break;
	case GC_TERMINATE:
		h.target->phase |= GC_TERMINATED;
		gc_stopped(&h);
		break;
	case GC_STOPPED:
		gc_stopped(&h);
		break;
	case GC_RESTART:
		gc_restart(&h);
		break;
	case GC_RESTARTED:
		gc_restarted(&h);
		break;
	case GC_SWEEP_BEGIN:
		gc_sweep(&h);
		break;
	case GC_SWEEP_END:
		gc_swept(&h);
		break;
	case GC_ASSIST_BEGIN:
	case GC_PARK_BEGIN:
		assist_begin(&h);
		break;
	case GC_ASSIST_END:
	case GC_PARK_END:
		assist_end(&h);
		break;
	}
	hit_end(&h.hit);
	return 0;
}
