// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Functions and what they are told: facts/go-runtime.md 4. What follows a call is
 * found by the call itself, e8 and the distance to a function whose address is
 * known; five bytes that happen to look like it are as good as impossible, and two
 * calls where one is expected make us give up.
 *
 * The end of an assist is in the closure that gcAssistAlloc() runs on the system
 * stack, the same in all versions:
 *
 *	e8 xx xx xx xx		call   runtime.gcAssistAlloc1
 *	48 83 c4 10		add    $0x10,%rsp		<- here; stepped, not emulated
 *
 * So is the clock read when the world was restarted. That of a wait is in gcAssistAlloc() itself, at a branch, which is emulated:
 *
 *	e8 xx xx xx xx		call   runtime.gcParkAssist
 *	66 90			xchg   %ax,%ax			some versions
 *	84 c0			test   %al,%al
 *	0f 84 xx xx xx xx	je     retry			<- here, in either width
 *
 * The pacer's state is the receiver of a method that (*mcache).refill calls:
 *
 *	48 8d 05 xx xx xx xx	lea    runtime.gcController(%rip),%rax
 *	...			up to two short instructions
 *	e8 xx xx xx xx		call   runtime.(*gcControllerState).update
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/go_gc.h"

const struct go_gc_function go_gc_functions[] = {
	{"runtime.gcStart", GC_TRIGGER, 0, false},
	{"runtime.gcBgMarkStartWorkers", GC_CYCLE, 0, false},
	/* Its caller's string is the only reason there is, before reasons had numbers. */
	{"runtime.stopTheWorld", GC_STOP_NAMED, 20, true},
	{"runtime.stopTheWorldWithSema", GC_STOP, 0, false},
	/* From 1.23 on the restart is told when the world stood. */
	{"runtime.finishsweep_m", GC_STOPPED, 22, false},
	{"runtime.gcMarkTermination", GC_TERMINATE, 0, false},
	{"runtime.startTheWorldWithSema", GC_RESTART, 0, false},
	{"runtime.gcAssistAlloc1", GC_ASSIST_BEGIN, 0, false},
	{"runtime.gcParkAssist", GC_PARK_BEGIN, 0, false},
	/* Not inlined in any Go we know; where it is, when sweeping was is not known. */
	{"runtime.gcSweep", GC_SWEEP_BEGIN, 0, true},
	{"runtime.freeSomeWbufs", GC_SWEEP_END, 0, true},
};

const size_t n_go_gc_functions = ARRAY_SIZE(go_gc_functions);

#define CALL_BYTES 5
#define LEA_BYTES  7
/* How far before the call its receiver is loaded, and behind it its result is tested. */
#define RECEIVER_REACH 24
#define RESULT_REACH   12

static void take_func(const struct go_func *func, void *ctx)
{
	*(struct go_func *)ctx = *func;
}

static bool find_func(const struct go_binary *go, const char *name, struct go_func *func)
{
	return go_binary_find_funcs(go, name, take_func, func) == 1;
}

/* The function's code; *len is 0 where the file has none of it. */
static const uint8_t *func_code(const struct elf_file *elf, const struct go_func *func, size_t *len)
{
	struct cursor code = elf_file_vaddr_bytes(elf, func->entry);

	*len = cursor_left(&code);
	if (*len > func->end - func->entry)
		*len = func->end - func->entry;
	return cursor_bytes(&code, *len);
}

static uint64_t rip_relative(const uint8_t *displacement, uint64_t next)
{
	int32_t d;

	memcpy(&d, displacement, sizeof(d));
	return next + (uint64_t)(int64_t)d;
}

/* Offset of the instruction behind the only call of @callee in @code at @vaddr; 0: none. */
static size_t behind_call(const uint8_t *code, size_t len, uint64_t vaddr, uint64_t callee)
{
	size_t found = 0;

	for (size_t i = 0; i + CALL_BYTES <= len; i++) {
		if (code[i] != 0xe8 || rip_relative(code + i + 1, vaddr + i + CALL_BYTES) != callee)
			continue;
		if (found)
			return 0;
		found = i + CALL_BYTES;
	}
	return found;
}

struct call_search {
	const struct elf_file *elf;
	uint64_t callee;
	struct go_gc_place *place;
	bool found;
};

static void look_for_call(const struct go_func *func, void *ctx)
{
	struct call_search *s = ctx;
	size_t len, at;
	const uint8_t *code = func_code(s->elf, func, &len);

	at = behind_call(code, len, func->entry, s->callee);
	if (!at || at >= len || at > UINT16_MAX)
		return;
	s->found = true;
	*s->place = (struct go_gc_place){
		.func = *func,
		.point = {.offset = (uint16_t)at, .stepped = true, .instruction = "return"},
	};
}

/* Behind the only call of @callee in a function whose name begins with @callers. */
static int place_behind(const struct elf_file *elf, const struct go_binary *go, const char *callers,
			const char *callee, struct go_gc_place *place)
{
	struct call_search s = {.elf = elf, .place = place};
	struct go_func func;

	if (!find_func(go, callee, &func))
		return -ENOENT;
	s.callee = func.entry;
	go_binary_find_prefix(go, callers, look_for_call, &s);
	return s.found ? 0 : -ENOENT;
}

static bool is_jcc(const uint8_t *code, size_t len)
{
	return (len >= 2 && (code[0] & 0xf0) == 0x70) ||
	       (len >= 6 && code[0] == 0x0f && (code[1] & 0xf0) == 0x80);
}

static int park_end(const struct elf_file *elf, const struct go_binary *go,
		    struct go_gc_place *place)
{
	static const uint8_t test_al[] = {0x84, 0xc0};
	struct go_func callee, caller;
	const uint8_t *code;
	size_t len, at, end;

	if (!find_func(go, "runtime.gcParkAssist", &callee) ||
	    !find_func(go, "runtime.gcAssistAlloc", &caller))
		return -ENOENT;
	code = func_code(elf, &caller, &len);
	at = behind_call(code, len, caller.entry, callee.entry);
	end = at + RESULT_REACH < len ? at + RESULT_REACH : len;
	while (at && at + sizeof(test_al) <= end && memcmp(code + at, test_al, sizeof(test_al)))
		at++;
	if (!at || at + sizeof(test_al) > end || at > UINT16_MAX - sizeof(test_al))
		return -ENOENT;
	at += sizeof(test_al);
	if (!is_jcc(code + at, len - at))
		return -ENOENT;
	*place = (struct go_gc_place){
		.func = caller,
		.point = {.offset = (uint16_t)at, .instruction = "jcc"},
	};
	return 0;
}

int go_gc_find_place(enum gc_function gc, const struct elf_file *elf, const struct go_binary *go,
		     struct go_gc_place *place)
{
	switch (gc) {
	case GC_RESTARTED:
		return place_behind(elf, go, "runtime.startTheWorldWithSema", "runtime.nanotime1",
				    place);
	case GC_ASSIST_END:
		return place_behind(elf, go, "runtime.gcAssistAlloc.func", "runtime.gcAssistAlloc1",
				    place);
	case GC_PARK_END:
		return park_end(elf, go, place);
	default:
		return -ENOENT;
	}
}

/* Variables live there, and nowhere else. */
static bool is_writable(const struct elf_file *elf, uint64_t vaddr)
{
	for (size_t i = 0; i < elf_file_n_segments(elf); i++) {
		const struct elf_segment *s = elf_file_segment(elf, i);

		if (s->flags & PF_W && vaddr >= s->vaddr && vaddr - s->vaddr < s->memsz)
			return true;
	}
	return false;
}

uint64_t go_gc_controller(const struct elf_file *elf, const struct go_binary *go)
{
	static const uint8_t lea_rax[] = {0x48, 0x8d, 0x05};
	struct go_func callee, caller;
	const uint8_t *code;
	size_t len, call, at;
	uint64_t vaddr;

	if (!find_func(go, "runtime.(*gcControllerState).update", &callee) ||
	    !find_func(go, "runtime.(*mcache).refill", &caller))
		return 0;
	code = func_code(elf, &caller, &len);
	call = behind_call(code, len, caller.entry, callee.entry);
	if (call < CALL_BYTES + LEA_BYTES)
		return 0;
	call -= CALL_BYTES;
	for (at = call - LEA_BYTES; memcmp(code + at, lea_rax, sizeof(lea_rax)); at--) {
		if (!at || call - at > RECEIVER_REACH)
			return 0;
	}
	vaddr = rip_relative(code + at + sizeof(lea_rax), caller.entry + at + LEA_BYTES);
	return is_writable(elf, vaddr) ? vaddr : 0;
}

struct pacer_row {
	int minor; /* from this version on */
	uint16_t words[PACER_MAX];
};

#define NONE PACER_ABSENT

/* facts/go_offsets.tsv, gcc_*. Before 1.19 there was no memory limit. */
static const struct pacer_row pacer_rows[] = {
	/*   percent limit goal live marked free total_alloc total_free mapped */
	{18, {0, NONE, 104, 120, 168, NONE, NONE, NONE, NONE}},
	{19, {0, 8, 104, 136, 184, 320, 328, 336, 344}},
	{20, {0, 8, 48, 80, 128, 264, 272, 280, 288}},
	{21, {0, 8, 72, 104, 152, 288, 296, 304, 312}},
};

static const struct {
	int minor; /* from this version on */
	enum gc_stops stops;
} stops_rows[] = {
	{18, GC_STOPS_NAMED},
	{21, GC_STOPS_REASON},
	{22, GC_STOPS_START},
	{23, GC_STOPS_STAMPED},
};

void go_gc_layout(struct go_layout *layout, int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(stops_rows); i++) {
		if (stops_rows[i].minor <= minor)
			layout->gc_stops = (uint16_t)stops_rows[i].stops;
	}
	memset(layout->pacer, 0xff, sizeof(layout->pacer));
	for (size_t i = 0; i < ARRAY_SIZE(pacer_rows) && layout->known; i++) {
		if (pacer_rows[i].minor <= minor)
			memcpy(layout->pacer, pacer_rows[i].words, sizeof(layout->pacer));
	}
}
