/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* One process being tapped: its program, what there is to tap in it, the files it has mapped. */
#ifndef ALLOCTAP_SESSION_TAP_H
#define ALLOCTAP_SESSION_TAP_H

#include "profile/symbolize.h"
#include "session/files.h"
#include "session/types.h"
#include "target/process.h"

struct tap;
struct unwind;

/*
 * Looks at the program. Takes @process over, also on failure. NULL with errno set, the
 * reason printed, where nobody could say what to tap in it.
 */
struct tap *tap_new(struct process *process, struct files *files);
/* The same, nothing printed: one of many, of which not all can be tapped. */
struct tap *tap_new_if(struct process *process, struct files *files);
/*
 * A process that had gone before it could be looked at; what it had mapped is to be told.
 * NULL with errno ENOMEM.
 */
struct tap *tap_new_gone(pid_t pid, const char *comm, struct files *files);
void tap_free(struct tap *t);
/* The process has gone: keeps what names need, and no more. */
void tap_release(struct tap *t);

/* NULL once it was released. */
const struct process *tap_process(const struct tap *t);
pid_t tap_pid(const struct tap *t);
const char *tap_comm(const struct tap *t);
/* As the process sees it. */
const char *tap_exe_path(const struct tap *t);
/* The ID of the container it runs in; "": in none. */
const char *tap_container(const struct tap *t);
/* What it runs its program under, to which a probe is fatal ("valgrind"); NULL: itself. */
const char *tap_emulator(const struct tap *t);
/* "pid 4242 (server)": how messages call it. */
const char *tap_name(const struct tap *t);
/* The program's own file. */
struct file *tap_exe(const struct tap *t);
bool tap_is_go(const struct tap *t);
/* Of a runtime other than Go, the file with static probes that tell of collections; else NULL. */
struct file *tap_gc_file(const struct tap *t);
/* All files it has mapped, each once; NULL past the last. */
struct file *tap_file_at(const struct tap *t, size_t i);
/* Has it an allocator's functions mapped? */
bool tap_has_allocator(const struct tap *t);
/* Says, once it is known, why its collections will not be seen. */
void tap_say_no_collections(const struct tap *t);

/* What outputs call its runtime: "go", "hotspot", "native"; and for people: "go1.26.8". */
const char *tap_runtime(const struct tap *t);
const char *tap_version(const struct tap *t);
/* "glibc, jemalloc": whose functions are mapped; "" where nobody's. */
void tap_allocators(const struct tap *t, char *text, size_t size);
/* Address of runtime.gcController in the process; 0: not known. */
uint64_t tap_gc_controller(const struct tap *t);
/* 0 where it is not Go. */
int tap_go_minor(const struct tap *t);

/*
 * Notes the files mapped executable now, so that they can be read when the process has
 * gone, and publishes the mappings in @unwind where it is not NULL. A process that has
 * become another program must not be asked. 0 or -errno, nothing printed.
 */
int tap_note_mappings(struct tap *t, struct unwind *unwind);
/* One mapping that the kernel told of; the process may have gone. 0 or -errno. */
int tap_note_mapping(struct tap *t, const struct memory_map *map);
/* It has what @parent had when it forked. 0 or -ENOMEM. */
int tap_inherit(struct tap *t, const struct tap *parent);
/*
 * Where the types of the program's file lie in the process; an empty range where
 * that is not known. Any other type must be asked for while the process lives.
 */
struct type_range tap_type_range(const struct tap *t);
bool tap_is_in_file(const struct tap *t, uint64_t type);
/*
 * The types of the process, made when first asked for and then always added to
 * @b. NULL where the program's types cannot be found or out of memory.
 */
struct target_types *tap_types(struct tap *t, struct profile_builder *b);
/* Gives all mappings noted, and the names of code it compiled, to @s. 0 or -errno. */
int tap_name_addresses(const struct tap *t, struct symbolizer *s, uint32_t target);

#endif
