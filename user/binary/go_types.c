// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * A type is described by 48 bytes that have been the same since Go 1.17
 * (internal/abi/type.go), a tail that depends on the kind, and, where the flags
 * say so, another with the package path. Here type User of tests/targets/types,
 * built with Go 1.26.5; moduledata's types is 661000:
 *
 *	6c3200	40 00 00 00 00 00 00 00	Size 64
 *	6c3208	30 00 00 00 00 00 00 00	PtrBytes 48
 *	6c3210	0b d5 2b 66 07 08 08 19	Hash; TFlag uncommon|extraStar|named;
 *					Align, FieldAlign; Kind 25 (struct)
 *	6c3218	00 00 00 00 00 00 00 00	Equal: no values of it can be compared
 *	6c3220	30 d7 6f 00 00 00 00 00	GCData
 *	6c3228	bb 48 00 00 a0 5e 01 00	Str, PtrToThis: offsets
 *
 *	6c3230	00 00 00 00 00 00 00 00	PkgPath	} the tail of a struct
 *	6c3238	60 32 6c 00 00 00 00 00	Fields	}
 *	6c3240	05 00 00 00 00 00 00 00 (twice)	}
 *	6c3250	2e 06 00 00 ...		uncommon: package path (an offset), methods
 *	6c3260	7d 10 66 00 00 00 00 00	Fields[0]: name	   6c3278  Fields[1] ...
 *	6c3268	20 1d 68 00 00 00 00 00		   type
 *	6c3270	00 00 00 00 00 00 00 00		   offset
 *
 *	6658bb	01 0a "*main.User"	a name: flags, length, text; the * is extra,
 *					so that *User, if there, can share it
 *
 * Names are given as offsets from where the module's types begin, or (fields) as
 * pointers. What reflection makes lies on the heap, and its name offset is the
 * number of an entry in a table of the runtime that we do not go after.
 *
 * Nothing here follows one type to the next but for a fixed number of steps, so
 * types that contain themselves, however they do it, end nowhere else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "binary/elf_pointers.h"
#include "binary/go_types.h"

#define TYPE_BYTES    48
#define FIELD_BYTES   24
#define MAX_TAIL      88 /* of a map in Go 1.27 */
#define NAME_LIMIT    65536
#define MAX_TYPE_SIZE (1ull << 50) /* cmd/compile/internal/types: MaxWidth */
#define MAX_ALIGN     64
#define MAX_ELEMS     16 /* [][]*T: followed to find the package of T */

#define KIND_MASK 31 /* the bits above were flags up to Go 1.25 */

#define TFLAG_UNCOMMON   1
#define TFLAG_EXTRA_STAR 2

#define NAME_EMBEDDED 8

struct go_types {
	const uint8_t *bytes;
	void *copy; /* of the bytes, with relocations applied; NULL: they lie in the file */
	uint64_t first, len;
	uint64_t bias;
	int minor;
	bool classic_maps;
	go_read_fn read;
	void *ctx;
};

struct go_types *go_types_new_mem(const struct go_types_source *source, uint64_t bias)
{
	struct go_types *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->bytes = source->bytes;
	t->first = source->vaddr + bias;
	t->len = source->len;
	t->bias = bias;
	t->minor = source->minor;
	t->classic_maps = source->classic_maps;
	return t;
}

static void ignore_func(const struct go_func *func, void *ctx)
{
	(void)func;
	(void)ctx;
}

/* Go 1.24 and 1.25 may be built with either kind (GOEXPERIMENT=noswissmap). */
static bool has_classic_maps(const struct go_binary *b)
{
	int minor = go_binary_version(b)->minor;

	if (minor < 24 || minor > 25)
		return minor < 24;
	return go_binary_find_funcs(b, "runtime.hashGrow", ignore_func, NULL) > 0;
}

struct go_types *go_types_new(const struct elf_file *f, const struct go_binary *b, uint64_t bias)
{
	struct go_types_source source = {
		.minor = go_binary_version(b)->minor,
		.classic_maps = has_classic_maps(b),
	};
	struct go_types *t;
	struct cursor c;
	void *copy = NULL;
	uint64_t end;

	if (!go_binary_types(b, &source.vaddr, &end)) {
		errno = ENOENT;
		return NULL;
	}
	c = elf_file_vaddr_bytes(f, source.vaddr);
	source.len = end - source.vaddr;
	source.bytes = cursor_bytes(&c, source.len);
	if (!source.bytes) {
		errno = ENOENT;
		return NULL;
	}
	/* lld leaves the pointers of position-independent programs to relocations. */
	if (elf_file_is_pie(f)) {
		copy = malloc(source.len);
		if (!copy)
			return NULL;
		elf_pointers_read(f, source.vaddr, copy, source.len);
		source.bytes = copy;
	}
	t = go_types_new_mem(&source, bias);
	if (t)
		t->copy = copy;
	else
		free(copy);
	return t;
}

void go_types_free(struct go_types *t)
{
	if (!t)
		return;
	free(t->copy);
	free(t);
}

void go_types_set_reader(struct go_types *t, go_read_fn read, void *ctx)
{
	t->read = read;
	t->ctx = ctx;
}

bool go_types_holds(const struct go_types *t, uint64_t address)
{
	return address - t->first < t->len;
}

static int read_bytes(const struct go_types *t, uint64_t address, void *buf, size_t len)
{
	uint64_t at = address - t->first;

	if (at < t->len) {
		if (t->len - at < len)
			return -EBADMSG;
		memcpy(buf, t->bytes + at, len);
		return 0;
	}
	return t->read && !t->read(t->ctx, address, buf, len) ? 0 : -ENOENT;
}

/* What a pointer read at @slot points to: in the file it is a link-time address. */
static uint64_t pointer(const struct go_types *t, uint64_t slot, struct cursor *c)
{
	uint64_t value = cursor_u64(c);

	return value && go_types_holds(t, slot) ? value + t->bias : value;
}

static bool is_printable(const char *s)
{
	for (const char *p = s; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	return utf8_valid(s);
}

/* Ends @s, of which @len bytes are there, in "..." without splitting a character. */
static void cut_name(char *s, size_t len)
{
	len -= 3;
	while (len && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	memcpy(s + len, "...", 4);
}

/* The name at @address: flags, length, text. */
static int read_name(const struct go_types *t, uint64_t address, uint8_t *flags, char *buf,
		     size_t size)
{
	uint64_t len = 0;
	uint8_t byte = 0x80;
	size_t room;
	int err = read_bytes(t, address++, flags, 1);

	for (int shift = 0; !err && (byte & 0x80); shift += 7) {
		if (shift > 28)
			return -EBADMSG;
		err = read_bytes(t, address++, &byte, 1);
		len |= (uint64_t)(byte & 0x7f) << shift;
	}
	if (err)
		return err;
	if (!len || len > NAME_LIMIT || len > UINT64_MAX - address)
		return -EBADMSG;
	/* All of it must be there, even where we keep less. */
	if (go_types_holds(t, address) && !go_types_holds(t, address + len - 1))
		return -EBADMSG;
	room = len < size ? len : size - 1;
	err = read_bytes(t, address, buf, room);
	if (err)
		return err;
	buf[room] = '\0';
	if (strlen(buf) != room)
		return -EBADMSG;
	if (room < len)
		cut_name(buf, room);
	return is_printable(buf) ? 0 : -EBADMSG;
}

static bool is_plausible(const struct go_types *t, const struct go_type *type)
{
	uint64_t fixed = go_kind_size(type->kind);

	if (type->kind >= GO_KINDS)
		return false;
	if (type->kind == GO_KIND_FRAME && go_types_holds(t, type->address))
		return false;
	if (!type->align || type->align > MAX_ALIGN || (type->align & (type->align - 1)))
		return false;
	if (fixed && type->size != fixed)
		return false;
	return type->size <= MAX_TYPE_SIZE && type->size % type->align == 0 &&
	       type->ptr_bytes <= type->size && type->ptr_bytes % 8 == 0;
}

/* What is the same for all kinds. */
static int read_head(const struct go_types *t, uint64_t address, struct go_type *type)
{
	uint8_t raw[TYPE_BYTES];
	struct cursor c;
	int err;

	*type = (struct go_type){.address = address};
	if (address % 8 || address > UINT64_MAX - TYPE_BYTES - MAX_TAIL)
		return -EBADMSG;
	err = read_bytes(t, address, raw, sizeof(raw));
	if (err)
		return err;
	c = cursor_make(raw, sizeof(raw));
	type->size = cursor_u64(&c);
	type->ptr_bytes = cursor_u64(&c);
	type->hash = cursor_u32(&c);
	type->flags = cursor_u8(&c);
	type->align = cursor_u8(&c);
	cursor_skip(&c, 1);
	type->kind = cursor_u8(&c) & KIND_MASK;
	cursor_skip(&c, 16);
	type->name_offset = cursor_i32(&c);
	return is_plausible(t, type) ? 0 : -EBADMSG;
}

/* Bytes between the head and the uncommon tail. */
static size_t tail_bytes(const struct go_types *t, enum go_kind kind)
{
	switch (kind) {
	case GO_KIND_POINTER:
	case GO_KIND_SLICE:
	case GO_KIND_FUNC:
		return 8;
	case GO_KIND_CHAN:
		return 16;
	case GO_KIND_ARRAY:
		return 24;
	case GO_KIND_INTERFACE:
	case GO_KIND_STRUCT:
		return 32;
	case GO_KIND_MAP:
		if (t->classic_maps)
			return 40;
		return t->minor < 27 ? 64 : 88;
	default:
		return 0;
	}
}

/* A cursor over the tail, read into @raw. */
static int read_tail(const struct go_types *t, const struct go_type *type, uint8_t raw[MAX_TAIL],
		     struct cursor *c)
{
	size_t len = tail_bytes(t, type->kind);
	int err = len ? read_bytes(t, type->address + TYPE_BYTES, raw, len) : 0;

	*c = cursor_make(raw, err ? 0 : len);
	return err;
}

static int parse_tail(const struct go_types *t, struct go_type *type, struct cursor *c)
{
	uint64_t slot = type->address, n;

	switch (type->kind) {
	case GO_KIND_MAP:
		type->key = pointer(t, slot, c);
		type->elem = pointer(t, slot, c);
		return type->key && type->elem ? 0 : -EBADMSG;
	case GO_KIND_POINTER:
	case GO_KIND_SLICE:
	case GO_KIND_CHAN:
		type->elem = pointer(t, slot, c);
		return type->elem ? 0 : -EBADMSG;
	case GO_KIND_ARRAY:
		type->elem = pointer(t, slot, c);
		cursor_skip(c, 8);
		type->len = cursor_u64(c);
		if (!type->elem || type->size % (type->len ? type->len : MAX_TYPE_SIZE))
			return -EBADMSG;
		return 0;
	case GO_KIND_STRUCT:
		cursor_skip(c, 8);
		type->fields = pointer(t, slot, c);
		n = cursor_u64(c);
		if (n > GO_TYPE_MAX_FIELDS || type->fields > UINT64_MAX - n * FIELD_BYTES)
			return -EBADMSG;
		type->n_fields = (uint32_t)n;
		return 0;
	default:
		return 0;
	}
}

/*
 * Of a map's bucket reflection makes the head alone, without a hash (reflect.bucketOf,
 * up to Go 1.23): what lies behind it is something else.
 */
static bool is_made_bucket(const struct go_types *t, const struct go_type *type)
{
	return type->kind == GO_KIND_STRUCT && !type->hash && !go_types_holds(t, type->address);
}

int go_type_read(const struct go_types *t, uint64_t address, struct go_type *type)
{
	uint8_t raw[MAX_TAIL];
	struct cursor c;
	int err = read_head(t, address, type);

	if (!err && is_made_bucket(t, type))
		return 0;
	if (!err)
		err = read_tail(t, type, raw, &c);
	return err ? err : parse_tail(t, type, &c);
}

/* The name that @offset, from where the types begin, leads to. */
static int read_name_at(const struct go_types *t, uint32_t offset, char *buf, size_t size)
{
	uint8_t flags;

	return offset < t->len ? read_name(t, t->first + offset, &flags, buf, size) : -EBADMSG;
}

static int read_type_name(const struct go_types *t, const struct go_type *type, char *buf,
			  size_t size)
{
	int err;

	if (type->name_offset <= 0)
		return -EBADMSG;
	err = read_name_at(t, (uint32_t)type->name_offset, buf, size);
	if (err || !(type->flags & TFLAG_EXTRA_STAR))
		return err;
	if (buf[0] != '*' || !buf[1])
		return -EBADMSG;
	memmove(buf, buf + 1, strlen(buf));
	return 0;
}

int go_type_name(const struct go_types *t, uint64_t address, char *buf, size_t size)
{
	struct go_type type;
	int err = read_head(t, address, &type);

	if (!err && !go_types_holds(t, address))
		snprintf(buf, size, "[reflect %s, %llu bytes]", go_kind_name(type.kind),
			 (unsigned long long)type.size);
	else if (!err)
		err = read_type_name(t, &type, buf, size);
	if (err)
		snprintf(buf, size, GO_TYPE_BAD);
	return err;
}

static int read_package(const struct go_types *t, const struct go_type *type, char *buf,
			size_t size)
{
	uint64_t uncommon = type->address + TYPE_BYTES + tail_bytes(t, type->kind);
	uint8_t raw[4];
	uint32_t offset;
	struct cursor c;
	int err = read_bytes(t, uncommon, raw, sizeof(raw));

	if (err)
		return err;
	c = cursor_make(raw, sizeof(raw));
	offset = cursor_u32(&c);
	if (offset)
		return read_name_at(t, offset, buf, size);
	*buf = '\0';
	return 0;
}

int go_type_package(const struct go_types *t, uint64_t address, char *buf, size_t size)
{
	struct go_type type;
	int err, steps = 0;

	*buf = '\0';
	do {
		err = go_type_read(t, address, &type);
		/* What reflection made has an offset, and so a package, of no use to us. */
		if (!err && (type.flags & TFLAG_UNCOMMON) && go_types_holds(t, address))
			err = read_package(t, &type, buf, size);
		address = type.kind == GO_KIND_MAP ? 0 : type.elem;
	} while (!err && !*buf && address && ++steps < MAX_ELEMS);
	if (err)
		*buf = '\0';
	return err;
}

/* internal/abi/map_noswiss.go, OldMapType; before Go 1.24 MapType. */
static void parse_classic_map(struct cursor *c, struct go_map_type *map)
{
	uint64_t key = cursor_u8(c), elem = cursor_u8(c);
	uint32_t flags;

	map->slot_size = key + elem;
	map->group_size = cursor_u16(c);
	flags = cursor_u32(c);
	map->key_indirect = flags & 1;
	map->elem_indirect = flags & 2;
}

/*
 * internal/abi/map_swiss.go. Go 1.27 says where keys and elements are instead of
 * how large a slot is: two arrays (GOEXPERIMENT=mapsplitgroup) or one of pairs.
 */
static void parse_swiss_map(struct cursor *c, int minor, struct go_map_type *map)
{
	uint32_t flags;

	map->swiss = true;
	map->group_size = cursor_u64(c);
	if (minor < 27) {
		map->slot_size = cursor_u64(c);
		cursor_skip(c, 8);
	} else {
		uint64_t keys = cursor_u64(c), key_stride = cursor_u64(c);
		uint64_t elems = cursor_u64(c), elem_stride = cursor_u64(c);

		cursor_skip(c, 8);
		map->slot_size = key_stride;
		if (elems - keys >= 8 * key_stride)
			map->slot_size += elem_stride;
	}
	flags = cursor_u32(c);
	map->key_indirect = flags & 4;
	map->elem_indirect = flags & 8;
}

int go_type_map(const struct go_types *t, const struct go_type *type, struct go_map_type *map)
{
	struct go_type key, elem, group;
	uint8_t raw[MAX_TAIL];
	uint64_t stored;
	struct cursor c;
	int err;

	*map = (struct go_map_type){0};
	if (type->kind != GO_KIND_MAP)
		return -EINVAL;
	err = read_tail(t, type, raw, &c);
	if (!err)
		err = read_head(t, type->key, &key);
	if (!err)
		err = read_head(t, type->elem, &elem);
	cursor_skip(&c, 16);
	map->group = pointer(t, type->address, &c);
	if (!err)
		err = read_head(t, map->group, &group);
	if (err)
		return err;
	cursor_skip(&c, 8); /* the hash function */
	if (t->classic_maps)
		parse_classic_map(&c, map);
	else
		parse_swiss_map(&c, t->minor, map);
	map->key_size = key.size;
	map->elem_size = elem.size;
	stored = (map->key_indirect ? 8 : key.size) + (map->elem_indirect ? 8 : elem.size);
	return group.size == map->group_size && map->slot_size >= stored &&
			       map->slot_size <= map->group_size / 8
		       ? 0
		       : -EBADMSG;
}

int go_type_field(const struct go_types *t, const struct go_type *type, uint32_t i,
		  struct go_type_field *field)
{
	uint64_t slot = type->fields + (uint64_t)i * FIELD_BYTES;
	uint8_t raw[FIELD_BYTES], flags = 0;
	struct cursor c;
	uint64_t name;
	int err;

	if (i >= type->n_fields)
		return -EINVAL;
	err = read_bytes(t, slot, raw, sizeof(raw));
	if (err)
		return err;
	c = cursor_make(raw, sizeof(raw));
	name = pointer(t, slot, &c);
	field->type = pointer(t, slot, &c);
	field->offset = cursor_u64(&c);
	err = read_name(t, name, &flags, field->name, sizeof(field->name));
	field->embedded = flags & NAME_EMBEDDED;
	/* Go 1.18: offsetAnon. */
	if (t->minor < 19) {
		field->embedded = field->offset & 1;
		field->offset >>= 1;
	}
	return err;
}
