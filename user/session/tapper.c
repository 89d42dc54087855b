// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "probe/return_guard.h"
#include "session/tapper.h"

bool tapper_wants_native(const struct tapper *t, const struct tap *tap)
{
	return t->options->native_in_go || !tap_is_go(tap);
}

bool tapper_wants_native_of(const struct tapper *t, const struct file *exe)
{
	return t->options->native_in_go || !exe->go;
}

bool tapper_has_something(const struct tapper *t, const struct tap *tap)
{
	if (tap_emulator(tap))
		return false;
	return tap_is_go(tap) || tap_gc_file(tap) ||
	       (tapper_wants_native(t, tap) && tap_has_allocator(tap));
}

/* --- what was not seen --------------------------------------------------------------- */

static void add_gap(const struct tapper *t, struct target *target, uint64_t from, uint64_t to)
{
	if (from < t->counts_since_ns)
		from = t->counts_since_ns;
	if (from < target->gap_end_ns)
		from = target->gap_end_ns;
	if (!t->counts_since_ns || to <= from)
		return;
	target->untapped_ns += to - from;
	target->gap_end_ns = to;
}

/*
 * The target has a file whose probes are in since @probed_ns. It ran while they were put
 * in: what it did in the file until then was not seen.
 */
static void note_gap(const struct tapper *t, struct target *target, uint64_t probed_ns)
{
	add_gap(t, target, target->mapped_ns ?: target->looked_ns, probed_ns);
}

/* It ran while no probes were in, until @end_ns. */
static void note_suspended(const struct tapper *t, struct target *target, uint64_t end_ns)
{
	uint64_t from = t->suspended_ns;

	if (from && tapper_has_something(t, target->tap))
		add_gap(t, target, from > target->start_ns ? from : target->start_ns, end_ns);
}

void tapper_note_suspended(struct tapper *t, uint64_t end_ns)
{
	vec_for_each (&t->targets.list, target) {
		if (!target->gone)
			note_suspended(t, target, end_ns);
	}
}

/* --- putting probes in --------------------------------------------------------------- */

static int tell_go(struct tapper *t, struct target *target)
{
	const struct kernel_go go = {tap_type_range(target->tap), tap_gc_controller(target->tap)};
	int err = kernel_set_go(t->kernel, target->id, tap_pid(target->tap), &go, &target->place);

	if (err)
		log_error("%s: its program cannot be told to the kernel side: %s",
			  tap_name(target->tap), strerror(-err));
	return err;
}

/* A target's own probes, or those that all processes with the file share. */
static struct probed *probed_of(struct tapper *t, struct file *file, struct probed *own)
{
	*own = (struct probed){0};
	return t->everywhere ? probed_files_get(t->probed, kernel_skel(t->kernel), file) : own;
}

/* Unless they are in: one target's probes, or, where it is NULL, those of all that map the file. */
static int put_go_in(struct tapper *t, const struct target *target, struct file *exe,
		     struct probed *probed, const char *name)
{
	struct target_place place = {
		.target = target ? (uint16_t)target->id : COOKIE_ANY_TARGET,
	};
	pid_t pid = target ? tap_pid(target->tap) : -1;
	int err;

	if (probed->go)
		return 0;
	probed->go = true;
	if (exe->layout < 0)
		exe->layout = kernel_add_layout(t->kernel, &exe->go_plan.layout);
	err = exe->layout < 0 ? exe->layout : 0;
	place.layout = (uint8_t)exe->layout;
	if (!err)
		err = attachment_add(t->attachment, name, &exe->go_plan, kernel_programs(t->kernel),
				     place, pid, exe->fd);
	probed->go_ns = now_ns();
	return err;
}

static int attach_go(struct tapper *t, struct target *target)
{
	struct file *exe = tap_exe(target->tap);
	struct probed own, *probed = probed_of(t, exe, &own);
	int err;

	if (!probed)
		return -ENOMEM;
	err = put_go_in(t, t->everywhere ? NULL : target, exe, probed, tap_name(target->tap));
	note_gap(t, target, probed->go_ns);
	return err;
}

/* Links for everybody serve Go programs too: no return probes. */
static int put_native_in(struct tapper *t, const struct target *target, struct file *file,
			 struct probed *probed, const char *name)
{
	struct native_scope scope = {COOKIE_ANY_TARGET, -1};
	bool may_return = false;
	int err;

	if (probed->native)
		return 0;
	probed->native = true;
	if (target) {
		scope = (struct native_scope){(uint16_t)target->id, tap_pid(target->tap)};
		may_return = !tap_is_go(target->tap) && return_guard_allows(scope.pid);
	}
	err = native_attach(t->native, t->attachment, name, &file->native, scope, file->fd,
			    may_return);
	probed->native_ns = now_ns();
	return err;
}

static int attach_native(struct tapper *t, struct target *target, struct file *file)
{
	struct probed own, *probed;
	int err;

	if (!file->native.n)
		return 0;
	probed = probed_of(t, file, &own);
	if (!probed)
		return -ENOMEM;
	err = put_native_in(t, t->everywhere ? NULL : target, file, probed, tap_name(target->tap));
	note_gap(t, target, probed->native_ns);
	return err;
}

static int attach_collector(struct tapper *t, struct target *target)
{
	struct file *file = tap_gc_file(target->tap);
	struct probed own, *probed;
	int err;

	if (!file || target->gc_probed)
		return 0;
	target->gc_probed = true;
	err = target->gc_attached ? 0
				  : usdt_add_target(t->usdt, target->id,
						    targets_place(&t->targets, target->id));
	if (err)
		return err;
	target->gc_attached = true;
	probed = probed_of(t, file, &own);
	if (!probed || probed->usdt)
		return probed ? 0 : -ENOMEM;
	probed->usdt = true;
	return usdt_attach(t->usdt, t->attachment, tap_name(target->tap), &file->usdt,
			   t->everywhere ? -1 : tap_pid(target->tap), file->fd);
}

static int attach_files(struct tapper *t, struct target *target)
{
	struct file *file;
	int err = 0;

	while (!err && tapper_wants_native(t, target->tap) &&
	       (file = tap_file_at(target->tap, target->n_attached))) {
		err = attach_native(t, target, file);
		target->n_attached++;
	}
	return err ? err : attach_collector(t, target);
}

static struct unwind *unwind_of(const struct tapper *t, const struct tap *tap)
{
	return tapper_wants_native(t, tap) ? t->unwind : NULL;
}

static bool may_attach(const struct tapper *t, const struct target *target)
{
	return t->attachment && !tap_emulator(target->tap);
}

static int attach(struct tapper *t, struct target *target)
{
	int err;

	if (!may_attach(t, target))
		return 0;
	err = tap_is_go(target->tap) ? attach_go(t, target) : 0;
	return err ? err : attach_files(t, target);
}

int tapper_attach(struct tapper *t, struct target *target)
{
	struct tap *tap = target->tap;
	uint64_t looked_ns = now_ns();
	int err = tap_is_go(tap) ? tell_go(t, target) : 0;

	if (!err && unwind_of(t, tap))
		err = tap_note_mappings(tap, t->unwind);
	if (!err)
		err = attach(t, target);
	target->looked_ns = looked_ns;
	target->mapped_ns = 0;
	return err;
}

int tapper_attach_files(struct tapper *t, struct target *target)
{
	struct file *exe = tap_exe(target->tap);
	int err = exe ? files_look_for_go(t->files, exe, tap_name(target->tap)) : 0;

	return err ? err : attach(t, target);
}

int tapper_attach_file(struct tapper *t, struct file *file, const char *name)
{
	struct probed *probed;
	int err = 0;

	if (!t->attachment)
		return 0;
	probed = probed_files_get(t->probed, kernel_skel(t->kernel), file);
	if (!probed)
		return -ENOMEM;
	if (file->go)
		err = put_go_in(t, NULL, file, probed, name);
	if (tapper_wants_native_of(t, file) && file->native.n && !err)
		err = put_native_in(t, NULL, file, probed, name);
	return err;
}

int tapper_look_again(struct tapper *t, struct target *target, bool stopped)
{
	uint64_t looked_ns = now_ns();
	int err = tap_note_mappings(target->tap, unwind_of(t, target->tap));

	if (stopped)
		target->gap_end_ns = UINT64_MAX;
	if (!err && may_attach(t, target))
		err = attach_files(t, target);
	target->looked_ns = looked_ns;
	target->mapped_ns = 0;
	if (stopped)
		target->gap_end_ns = looked_ns;
	return err;
}

/* --- taking them out ----------------------------------------------------------------- */

static void take_out(struct tapper *t)
{
	attachment_free(t->attachment);
	t->attachment = NULL;
	native_forget(t->native);
	usdt_forget(t->usdt);
}

int tapper_take_out(struct tapper *t)
{
	if (!t->attachment)
		return 0;
	take_out(t);
	t->attachment = attachment_new(t->options->link);
	return t->attachment ? 0 : -ENOMEM;
}

void tapper_suspend(struct tapper *t)
{
	if (!t->attachment)
		return;
	t->suspended_ns = now_ns();
	take_out(t);
	probed_files_forget(t->probed);
	vec_for_each (&t->targets.list, target) {
		target->n_attached = 0;
		target->gc_probed = false;
	}
}

int tapper_resume(struct tapper *t)
{
	int err = 0;

	t->attachment = attachment_new(t->options->link);
	if (!t->attachment)
		return -ENOMEM;
	vec_for_each (&t->targets.list, target) {
		uint64_t now = now_ns();

		if (err == -ENOMEM || target->gone)
			continue;
		/* What it takes to put them in comes on top. */
		note_suspended(t, target, now);
		target->looked_ns = now;
		/* Of many, some cannot be tapped. */
		err = attach(t, target);
	}
	t->suspended_ns = 0;
	return err == -ENOMEM ? err : 0;
}

int tapper_gone(struct tapper *t, struct target *target, uint64_t time_ns)
{
	pid_t pid = tap_pid(target->tap);
	int err = 0;

	if (target->gone)
		return 0;
	note_suspended(t, target, time_ns);
	targets_set_gone(&t->targets, target, time_ns);
	if (!targets_by_pid(&t->targets, pid))
		unwind_drop_process(t->unwind, (uint32_t)pid);
	if (target->place && (t->everywhere || t->options->stop_execs))
		err = kernel_release_place(t->kernel, target->place);
	tap_release(target->tap);
	return err || !t->live ? err : live_gone(t->live, target->id);
}
