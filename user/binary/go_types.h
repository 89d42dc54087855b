/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a Go program's runtime knows of its types (internal/abi.Type), Go 1.18 to
 * 1.27: names, sizes, elements, maps. Stripped binaries hold it all. A type is
 * named by its address in the process, as the allocator is given it.
 */
#ifndef ALLOCTAP_BINARY_GO_TYPES_H
#define ALLOCTAP_BINARY_GO_TYPES_H

#include "binary/go_binary.h"
#include "binary/go_kind.h"

struct go_types;

/* Room for any name as we give it: longer ones are cut and end in "...". */
#define GO_TYPE_NAME_SIZE 4097
/* The name of what is no type, or is a damaged one. */
#define GO_TYPE_BAD "[bad type]"
/* Fields of a struct type: real ones have some hundreds. */
#define GO_TYPE_MAX_FIELDS 4096

/*
 * The types in @f, whose program @b is, in a process that has it loaded at
 * link-time address + @bias. NULL with errno ENOENT where they cannot be found,
 * or ENOMEM. @f must outlive the result. A plugin is a file with types of its own.
 */
struct go_types *go_types_new(const struct elf_file *f, const struct go_binary *b, uint64_t bias);

/* The same of bytes that lie at link-time address @vaddr; they must outlive the result. */
struct go_types_source {
	const void *bytes;
	size_t len;
	uint64_t vaddr;
	int minor;         /* 26 of go1.26.8 */
	bool classic_maps; /* not the Swiss tables that came with 1.24 */
};
struct go_types *go_types_new_mem(const struct go_types_source *source, uint64_t bias);
void go_types_free(struct go_types *t);

/*
 * How to read the process: all @len bytes, 0, or -errno. Only needed for types
 * that reflection made at run time; without it these are unknown.
 */
typedef int (*go_read_fn)(void *ctx, uint64_t address, void *buf, size_t len);
void go_types_set_reader(struct go_types *t, go_read_fn read, void *ctx);

/* Is @address among the types of the file? (Else it may be one that reflection made.) */
bool go_types_holds(const struct go_types *t, uint64_t address);

struct go_type {
	uint64_t address;
	uint64_t size;
	uint64_t ptr_bytes; /* of them may hold pointers; 0: the collector does not look inside */
	uint32_t hash;      /* equal types have equal ones, in every module */
	enum go_kind kind;
	uint8_t align, flags;
	int32_t name_offset;
	uint64_t elem;   /* address; of arrays, channels, maps, pointers, slices */
	uint64_t key;    /* of maps */
	uint64_t len;    /* of arrays, in elements */
	uint64_t fields; /* of structs, where their descriptions begin */
	uint32_t n_fields;
};

/*
 * These return 0, or
 *	-ENOENT		nothing readable at @address
 *	-EBADMSG	no type, or a damaged one
 * and take time and memory within the limits above, whatever the bytes say.
 */
int go_type_read(const struct go_types *t, uint64_t address, struct go_type *type);

/*
 * The name as reflect.Type.String() gives it ("map[string]*main.Order"), or
 * "[reflect struct, 48 bytes]" for what reflection made, whose names are out of
 * reach. When the type cannot be read, @buf says GO_TYPE_BAD. Always terminated
 * and UTF-8 without control characters; cut to @size, which is at least 32.
 */
int go_type_name(const struct go_types *t, uint64_t address, char *buf, size_t size);

/*
 * The import path of the package that declares the type, or its element:
 * "github.com/acme/user" of []*user.User. "" for types that no package declares.
 */
int go_type_package(const struct go_types *t, uint64_t address, char *buf, size_t size);

struct go_map_type {
	uint64_t key_size, elem_size; /* of the types themselves */
	/* Over 128 bytes: a box of its own for each, and a pointer to it in the slot. */
	bool key_indirect, elem_indirect;
	bool swiss;          /* groups of 8 slots; else buckets of 8 with an overflow pointer */
	uint64_t group;      /* address of the type of the group or bucket */
	uint64_t group_size; /* its bytes */
	uint64_t slot_size;  /* bytes of one key and element in it */
};

/* -EINVAL where @type is no map. */
int go_type_map(const struct go_types *t, const struct go_type *type, struct go_map_type *map);

struct go_type_field {
	char name[GO_TYPE_NAME_SIZE]; /* of an embedded field, that of its type */
	uint64_t type;                /* address */
	uint64_t offset;
	bool embedded;
};

/* The @i-th of type->n_fields; -EINVAL where there is none. */
int go_type_field(const struct go_types *t, const struct go_type *type, uint32_t i,
		  struct go_type_field *field);

#endif
