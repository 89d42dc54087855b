// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A type refers only to types before it: so nobody who follows references has to
 * look out for cycles.
 */
#include <errno.h>

#include "profile/recording_unpack.h"

/* So that sizes can be added and multiplied by small numbers without a thought. */
#define SIZE_LIMIT (1ull << 47)

static int check_type(const struct unpacker *u, const struct profile_type *t, uint32_t row)
{
	if (unpack_string(u, t->name) || unpack_string(u, t->package))
		return -EBADMSG;
	if (t->size > SIZE_LIMIT || t->ptr_bytes > SIZE_LIMIT || t->length > SIZE_LIMIT ||
	    t->group_size > SIZE_LIMIT || t->slot_size > SIZE_LIMIT)
		return unpack_damaged(u, "type %u is larger than memory", row);
	if (t->key && t->key >= row)
		return unpack_damaged(u, "type %u has a key of type %u", row, t->key);
	if (t->elem && t->elem >= row)
		return unpack_damaged(u, "type %u has elements of type %u", row, t->elem);
	if (t->group && t->group >= row)
		return unpack_damaged(u, "type %u has groups of type %u", row, t->group);
	return 0;
}

int unpack_types(struct unpacker *u)
{
	static const Alloctap__Types none = ALLOCTAP__TYPES__INIT;
	const Alloctap__Types *m = u->r->types ?: &none;
	struct profile *p = u->p;
	int err;

	/* Recordings from before types were recorded have not even the first. */
	p->n_types = m->n_name ?: 1;
	err = CHECK_COLUMNS(u, "types", m->n_name, m->n_package, m->n_kind, m->n_hash, m->n_align,
			    m->n_flags, m->n_key, m->n_elem, m->n_group, m->n_field_count,
			    m->n_size, m->n_ptr_bytes, m->n_length, m->n_group_size,
			    m->n_slot_size);
	if (err)
		return err;
	p->types = unpack_rows(p->n_types, sizeof(*p->types));
	if (!p->types)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_name; i++) {
		struct profile_type *t = &p->types[i];

		*t = (struct profile_type){
			.size = AT(m, size, i),
			.ptr_bytes = AT(m, ptr_bytes, i),
			.length = AT(m, length, i),
			.group_size = AT(m, group_size, i),
			.slot_size = AT(m, slot_size, i),
			.name = m->name[i],
			.package = AT(m, package, i),
			.kind = AT(m, kind, i),
			.hash = AT(m, hash, i),
			.align = AT(m, align, i),
			.flags = AT(m, flags, i),
			.key = AT(m, key, i),
			.elem = AT(m, elem, i),
			.group = AT(m, group, i),
			.n_fields = AT(m, field_count, i),
		};
		err = check_type(u, t, (uint32_t)i);
		if (err)
			return err;
	}
	return 0;
}

static int check_fields(const struct unpacker *u, const struct profile_type *t, uint32_t row)
{
	for (uint32_t i = 0; i < t->n_fields; i++) {
		uint32_t type = u->p->fields[t->first_field + i].type;

		if (type && type >= row)
			return unpack_damaged(u, "type %u has a field of type %u", row, type);
	}
	return 0;
}

int unpack_fields(struct unpacker *u)
{
	static const Alloctap__Fields none = ALLOCTAP__FIELDS__INIT;
	const Alloctap__Fields *m = u->r->fields ?: &none;
	struct profile *p = u->p;
	uint32_t next = 0;
	int err;

	p->n_fields = m->n_name;
	err = CHECK_COLUMNS(u, "fields", p->n_fields, m->n_type, m->n_offset, m->n_embedded);
	if (err)
		return err;
	p->fields = unpack_rows(p->n_fields, sizeof(*p->fields));
	if (!p->fields)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_fields; i++) {
		p->fields[i] = (struct profile_field){
			.offset = AT(m, offset, i),
			.name = m->name[i],
			.type = AT(m, type, i),
			.embedded = AT(m, embedded, i),
		};
		if (unpack_string(u, m->name[i]))
			return -EBADMSG;
	}
	for (size_t i = 0; i < p->n_types; i++) {
		struct profile_type *t = &p->types[i];

		if (!t->n_fields)
			continue;
		err = unpack_run(u, "fields", t->n_fields, p->n_fields, &next, &t->first_field);
		if (!err)
			err = check_fields(u, t, (uint32_t)i);
		if (err)
			return err;
	}
	return next == p->n_fields ? 0 : unpack_damaged(u, "fields of no type");
}

int unpack_growths(struct unpacker *u)
{
	static const Alloctap__Growths none = ALLOCTAP__GROWTHS__INIT;
	const Alloctap__Growths *m = u->r->growths ?: &none;
	struct profile *p = u->p;
	uint64_t count = 0;
	int err;

	p->n_growths = m->n_stack;
	err = CHECK_COLUMNS(u, "growths", p->n_growths, m->n_target, m->n_type, m->n_how,
			    m->n_level, m->n_map, m->n_count, m->n_entries);
	if (err)
		return err;
	p->growths = unpack_rows(p->n_growths, sizeof(*p->growths));
	if (!p->growths)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_growths; i++) {
		struct profile_growth *g = &p->growths[i];

		*g = (struct profile_growth){
			.target = AT(m, target, i),
			.stack = m->stack[i],
			.type = AT(m, type, i),
			.level = AT(m, level, i),
			.map = AT(m, map, i),
			.count = AT(m, count, i),
			.entries = AT(m, entries, i),
		};
		if (unpack_index(u, "target", g->target, p->n_targets) ||
		    unpack_index(u, "stack", g->stack, p->n_stacks) ||
		    unpack_index(u, "type", g->type, p->n_types) ||
		    unpack_index(u, "way to grow", AT(m, how, i), PROFILE_GROWTH_MAX) ||
		    unpack_index(u, "table size", g->level, 64))
			return -EBADMSG;
		g->how = AT(m, how, i);
		if (!unpack_sum(&count, g->count))
			return unpack_damaged(u, "counts beyond 64 bits");
	}
	return 0;
}
