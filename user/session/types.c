// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A type is described with everything that lies inside a value of it, and with no
 * more: fields, array elements, and (of a map that was itself allocated or
 * inserted into) keys, values and groups. What a value only points to is not
 * followed: a pointer, a slice, a channel, a map that is a field has a name and a
 * size, and so is described in brief.
 *
 *	type Order struct {		Order: 3 fields
 *		ID    [2]uint64		[2]uint64: elements uint64
 *		Buyer *User		*main.User, in brief
 *		Lines map[string]Line	map[string]main.Line, in brief
 *	}
 *
 * So no true type contains itself, and one that does is damaged, as is one with
 * a damaged part. The profile wants parts before what is made of them: the
 * recursion below does just that.
 *
 * A target may be hostile. Nothing is deeper than MAX_DEPTH, each type is read
 * once, and what is kept of one target is limited to ROOM bytes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/vec.h"
#include "session/types.h"

#define MAX_DEPTH 32
/* Some 200,000 types. The last half is for types in brief. */
#define ROOM (64u << 20)
/* So that time is limited as well: a read of the process's memory takes about a microsecond. */
#define READ_COST 32
/* What a recording takes (profile/recording_unpack_types.c). */
#define MAX_SIZE (1ull << 47)

struct known_type {
	uint64_t key; /* address, its lowest bit set for a type in brief */
	uint32_t id;  /* of the builder; IN_WORK: being described further up */
	int err;      /* it is a name that says why there is no type */
	uint32_t hash;
	str_id package;
};

#define IN_WORK (PROFILE_NONE - 1)

struct target_types {
	struct go_types *go;
	int memory;
	bool gone; /* nothing can be read from the process any more */
	struct profile_builder *b;
	VEC(struct known_type) known;
	struct intern index;
	size_t used; /* of ROOM */
	/* Scratch: too large for each step of the recursion. */
	char name[GO_TYPE_NAME_SIZE + 2];
	struct go_type_field field;
};

static int read_memory(void *ctx, uint64_t address, void *buf, size_t len)
{
	struct target_types *t = ctx;
	ssize_t n;

	if (t->memory < 0 || address > INT64_MAX || t->used > ROOM)
		return -ENOENT;
	t->used += READ_COST;
	n = pread(t->memory, buf, len, (off_t)address);
	/* The kernel's answer once a process has no memory any more: the end of it. */
	if (n == 0)
		t->gone = true;
	return n == (ssize_t)len ? 0 : -ENOENT;
}

struct target_types *target_types_new(struct go_types *go, int memory, struct profile_builder *b)
{
	struct target_types *t = calloc(1, sizeof(*t));

	if (!t) {
		go_types_free(go);
		return NULL;
	}
	t->go = go;
	t->memory = memory;
	t->b = b;
	go_types_set_reader(go, read_memory, t);
	return t;
}

void target_types_forget_memory(struct target_types *t)
{
	t->memory = -1;
	t->gone = true;
}

void target_types_free(struct target_types *t)
{
	if (!t)
		return;
	go_types_free(t->go);
	vec_free(&t->known);
	intern_free(&t->index);
	free(t);
}

static str_id keep_name(struct target_types *t, const char *name)
{
	t->used += strlen(name);
	return profile_builder_str(t->b, name);
}

static uint32_t named_type(struct target_types *t, const char *name)
{
	return profile_builder_type(
		t->b, &(struct profile_type){.name = profile_builder_str(t->b, name)}, NULL, 0);
}

/* The type of the profile that stands for one that could not be read because of @err. */
static uint32_t unreadable_type(struct target_types *t, int err)
{
	if (err == -E2BIG)
		return named_type(t, TYPE_TOO_MANY);
	return named_type(t, err == -ENOENT && t->gone ? TYPE_GONE : GO_TYPE_BAD);
}

/*
 * What the runtime calls those it makes of a value in an interface (convT64 and the
 * like): the value's own type may be another of that size.
 */
static const char *people_name(const char *name)
{
	static const char *const names[][2] = {
		{"runtime.uint16InterfacePtr", "[2-byte value in an interface]"},
		{"runtime.uint32InterfacePtr", "[4-byte value in an interface]"},
		{"runtime.uint64InterfacePtr", "[8-byte value in an interface]"},
		{"runtime.stringInterfacePtr", "[string in an interface]"},
		{"runtime.sliceInterfacePtr", "[slice in an interface]"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i][0]))
			return names[i][1];
	}
	return name;
}

/* What all kinds have. */
static int read_brief(struct target_types *t, uint64_t address, struct go_type *type,
		      struct profile_type *out)
{
	int err = go_type_read(t->go, address, type);

	if (!err && (type->size > MAX_SIZE || type->len > MAX_SIZE))
		err = -EBADMSG;
	if (!err)
		err = go_type_name(t->go, address, t->name, GO_TYPE_NAME_SIZE);
	if (err)
		return err;
	*out = (struct profile_type){
		.size = type->size,
		.ptr_bytes = type->ptr_bytes,
		.name = keep_name(t, people_name(t->name)),
		.kind = type->kind,
		.hash = type->hash,
		.align = type->align,
	};
	if (!go_type_package(t->go, address, t->name, GO_TYPE_NAME_SIZE))
		out->package = keep_name(t, t->name);
	t->used += sizeof(*out);
	return 0;
}

static int describe(struct target_types *t, uint64_t address, int depth, uint32_t *id);

/* Describes a type that lies inside another: what is damaged makes the whole so. */
static int describe_part(struct target_types *t, uint64_t address, int depth, uint32_t *id)
{
	int err = describe(t, address, depth + 1, id);

	return err == -E2BIG ? 0 : err;
}

static int describe_array(struct target_types *t, const struct go_type *type,
			  struct profile_type *out, int depth)
{
	struct go_type elem;
	uint64_t size;
	int err = go_type_read(t->go, type->elem, &elem);

	if (err)
		return err;
	if (__builtin_mul_overflow(elem.size, type->len, &size) || size != type->size)
		return -EBADMSG;
	out->length = type->len;
	return describe_part(t, type->elem, depth, &out->elem);
}

static int describe_map(struct target_types *t, const struct go_type *type,
			struct profile_type *out, int depth)
{
	struct go_map_type map;
	int err = go_type_map(t->go, type, &map);

	if (err)
		return err;
	out->group_size = map.group_size;
	out->slot_size = map.slot_size;
	out->flags = (map.swiss ? PROFILE_TYPE_SWISS : 0) |
		     (map.key_indirect ? PROFILE_TYPE_KEY_BOXED : 0) |
		     (map.elem_indirect ? PROFILE_TYPE_ELEM_BOXED : 0);
	err = describe_part(t, type->key, depth, &out->key);
	if (!err)
		err = describe_part(t, type->elem, depth, &out->elem);
	return err ? err : describe_part(t, map.group, depth, &out->group);
}

static int describe_field(struct target_types *t, const struct go_type *type, uint32_t i,
			  struct profile_field *out, int depth)
{
	struct go_type of;
	int err = go_type_field(t->go, type, i, &t->field);

	if (!err)
		err = go_type_read(t->go, t->field.type, &of);
	if (err)
		return err;
	if (t->field.offset > type->size || of.size > type->size - t->field.offset)
		return -EBADMSG;
	*out = (struct profile_field){
		.offset = t->field.offset,
		.name = keep_name(t, t->field.name),
		.embedded = t->field.embedded,
	};
	/* Not t->field.type: the scratch is about to be used again. */
	return describe_part(t, of.address, depth, &out->type);
}

/* Of a struct; to be freed also where they are damaged. */
static int describe_fields(struct target_types *t, const struct go_type *type,
			   struct profile_field **fields, int depth)
{
	int err = 0;

	if (!type->n_fields)
		return 0;
	*fields = calloc(type->n_fields, sizeof(**fields));
	if (!*fields)
		return -ENOMEM;
	t->used += type->n_fields * sizeof(**fields);
	for (uint32_t i = 0; i < type->n_fields && !err; i++)
		err = describe_field(t, type, i, &(*fields)[i], depth);
	return err;
}

static int describe_whole(struct target_types *t, const struct go_type *type,
			  struct profile_type *out, int depth, uint32_t *id)
{
	struct profile_field *fields = NULL;
	int err = 0;

	if (type->kind == GO_KIND_ARRAY)
		err = describe_array(t, type, out, depth);
	else if (type->kind == GO_KIND_MAP)
		err = describe_map(t, type, out, depth);
	else if (type->kind == GO_KIND_STRUCT)
		err = describe_fields(t, type, &fields, depth);
	if (!err)
		*id = profile_builder_type(t->b, out, fields, type->n_fields);
	free(fields);
	return err;
}

static int describe_new(struct target_types *t, struct known_type *known, bool brief, int depth)
{
	struct profile_type out;
	struct go_type type;
	int err;

	if (t->used > ROOM)
		return -E2BIG;
	err = read_brief(t, known->key & ~1ull, &type, &out);
	if (err)
		return t->used > ROOM ? -E2BIG : err;
	known->hash = out.hash;
	known->package = out.package;
	if (!brief && t->used <= ROOM / 2)
		return describe_whole(t, &type, &out, depth, &known->id);
	known->id = profile_builder_type(t->b, &out, NULL, 0);
	return 0;
}

static bool same_key(const void *ctx, uint32_t id, const void *key)
{
	const struct target_types *t = ctx;

	return t->known.data[id].key == *(const uint64_t *)key;
}

/* Where the type with @key is, or will be, in t->known; *added says which. */
static uint32_t find_known(struct target_types *t, uint64_t key, bool *added)
{
	uint64_t hash = hash_bytes(&key, sizeof(key), 0);
	uint32_t i = intern_find(&t->index, hash, same_key, t, &key);
	struct known_type known = {.key = key, .id = IN_WORK};

	*added = i == INTERN_NONE;
	if (!*added)
		return i;
	i = (uint32_t)t->known.n;
	return vec_push(&t->known, known) || intern_add(&t->index, hash, i) ? INTERN_NONE : i;
}

/* A map inside something else is a pointer there; only as a whole it has entries. */
static bool is_brief(const struct target_types *t, uint64_t address, int depth)
{
	struct go_type type;

	return depth >= MAX_DEPTH ||
	       (depth && !go_type_read(t->go, address, &type) && type.kind == GO_KIND_MAP);
}

/* An error says why *id is a mere name; -ENOMEM that it is PROFILE_NONE. */
static int describe(struct target_types *t, uint64_t address, int depth, uint32_t *id)
{
	struct known_type known;
	bool added;
	uint32_t i;

	if (address % 8) {
		*id = unreadable_type(t, -EBADMSG);
		return -EBADMSG;
	}
	*id = PROFILE_NONE;
	i = find_known(t, address | is_brief(t, address, depth), &added);
	if (i == INTERN_NONE)
		return -ENOMEM;
	known = t->known.data[i];
	if (added) {
		known.err = describe_new(t, &known, known.key & 1, depth);
		if (known.err)
			known.id = unreadable_type(t, known.err);
		t->known.data[i] = known;
	} else if (known.id == IN_WORK) {
		known.err = -EBADMSG;
		known.id = unreadable_type(t, known.err);
	}
	*id = known.id;
	return known.err;
}

uint32_t target_types_get(struct target_types *t, uint64_t address)
{
	uint32_t id = 0;

	if (address)
		describe(t, address, 0, &id);
	return id;
}

uint32_t target_types_slice(struct target_types *t, uint64_t address)
{
	const struct known_type *known;
	uint32_t elem;
	bool added;

	if (!address)
		return 0;
	if (describe(t, address, 0, &elem))
		return elem;
	known = &t->known.data[find_known(t, address, &added)];
	snprintf(t->name, sizeof(t->name), "[]%s", profile_builder_type_name(t->b, elem));
	return profile_builder_type(t->b,
				    &(struct profile_type){
					    .name = profile_builder_str(t->b, t->name),
					    .package = known->package,
					    .kind = GO_KIND_SLICE,
					    .hash = known->hash,
					    .elem = elem,
				    },
				    NULL, 0);
}
