// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include "session/targets.h"

void targets_free(struct targets *t)
{
	vec_for_each (&t->list, target)
		tap_free(target->tap);
	vec_free(&t->list);
	vec_free(&t->places);
	intern_free(&t->by_pid);
}

static uint64_t hash_pid(pid_t pid)
{
	return hash_bytes(&pid, sizeof(pid), 0);
}

static int set_place(struct targets *t, uint32_t id, uint32_t place)
{
	while (t->places.n <= id) {
		if (vec_push(&t->places, 0))
			return -ENOMEM;
	}
	t->places.data[id] = place + 1;
	return 0;
}

int targets_add(struct targets *t, struct tap *tap, uint32_t id)
{
	uint32_t place = (uint32_t)t->list.n;
	struct target target = {.tap = tap, .id = id};

	if (set_place(t, id, place) || intern_add(&t->by_pid, hash_pid(tap_pid(tap)), place) ||
	    vec_push(&t->list, target))
		return -ENOMEM;
	t->n_alive++;
	return 0;
}

struct target *targets_by_id(const struct targets *t, uint32_t id)
{
	uint32_t place = targets_place(t, id);

	return place == PROFILE_NONE ? NULL : &t->list.data[place];
}

static bool runs_as(const void *ctx, uint32_t place, const void *key)
{
	const struct targets *t = ctx;

	return place < t->list.n && !t->list.data[place].gone &&
	       tap_pid(t->list.data[place].tap) == *(const pid_t *)key;
}

struct target *targets_by_pid(const struct targets *t, pid_t pid)
{
	uint32_t place = intern_find(&t->by_pid, hash_pid(pid), runs_as, t, &pid);

	return place == INTERN_NONE ? NULL : &t->list.data[place];
}

uint32_t targets_place(const struct targets *t, uint32_t id)
{
	uint32_t place = id < t->places.n ? t->places.data[id] : 0;

	return place && place <= t->list.n ? place - 1 : PROFILE_NONE;
}

void targets_set_gone(struct targets *t, struct target *target, uint64_t time_ns)
{
	if (target->gone)
		return;
	target->gone = true;
	target->end_ns = time_ns;
	t->n_alive--;
}
