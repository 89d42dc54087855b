// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Files are known by what fstat() says of them and are never forgotten, only their
 * rows are: what is kept of one without is some hundred bytes. A process holds on
 * to the files it maps; those that nobody holds are the first to make room, the
 * longest unused one first.
 */
#include <elf.h>
#include <inttypes.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/units.h"
#include "binary/eh_frame.h"
#include "binary/go_unwind.h"
#include "session/unwind.h"
#include "session/unwind_store.h"

/* What makes a file that file; all zero: the vdso, the same in every process. */
struct identity {
	uint64_t device, inode, size;
	int64_t modified_s, modified_ns;
};

/* Executable bytes of a file, and their link-time address. */
struct code {
	uint64_t offset, size, vaddr;
};

struct unwind_file {
	struct identity identity;
	VEC(struct code) code;
	bool go;
	bool without_table; /* ... and nothing will change that */
	bool placed;
	/* Where there was no room: tried again when others have let go of theirs. */
	bool without_room;
	uint64_t tried;
	struct unwind_place place;
	uint64_t first; /* link-time address of the table's first page */
	uint32_t holders;
	uint64_t used; /* when it was held last, as a count of publications */
};

struct held {
	uint32_t tgid;
	struct extent slice;
	VEC(uint32_t) files;
};

struct unwind {
	uint64_t memory;
	struct unwind_store *store;
	VEC(struct unwind_file) files;
	struct intern index;
	VEC(struct held) processes;
	uint64_t publications;
	uint64_t released; /* how often nobody held a file any more */
	uint64_t build_ns, evicted;
};

struct unwind *unwind_new(uint64_t memory)
{
	struct unwind *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->memory = memory ?: UNWIND_MEMORY_DEFAULT;
	u->store = unwind_store_new(u->memory);
	if (u->store)
		return u;
	free(u);
	return NULL;
}

static void log_stats(const struct unwind *u)
{
	struct unwind_stats s = unwind_stats(u);

	log_debug("unwind tables: %zu files (%" PRIu64 " without, %" PRIu64 " evicted), %" PRIu64
		  " rows, %" PRIu64 " rules, %" PRIu64 " kB, made in %" PRIu64 " us",
		  s.files, s.without_table, s.evicted, s.rows, s.rules, s.bytes / 1024,
		  s.build_ns / 1000);
}

void unwind_free(struct unwind *u)
{
	if (!u)
		return;
	log_stats(u);
	vec_for_each (&u->files, f) {
		vec_free(&f->code);
		free(f->place.rows);
	}
	vec_for_each (&u->processes, p)
		vec_free(&p->files);
	vec_free(&u->files);
	vec_free(&u->processes);
	intern_free(&u->index);
	unwind_store_free(u->store);
	free(u);
}

void unwind_configure(struct unwind *u, struct alloctap_bpf *skel)
{
	unwind_store_configure(u->store, skel);
}

int unwind_start(struct unwind *u, struct alloctap_bpf *skel)
{
	return unwind_store_start(u->store, skel);
}

/* --- files ---------------------------------------------------------------------- */

/* Frees the room of a file that nobody holds; false if there is none. */
static bool evict_one(struct unwind *u)
{
	struct unwind_file *oldest = NULL;

	vec_for_each (&u->files, f) {
		if (f->placed && f->place.pages.n && !f->holders &&
		    (!oldest || f->used < oldest->used))
			oldest = f;
	}
	if (!oldest)
		return false;
	unwind_store_unname(u->store, oldest->identity.device, oldest->identity.inode);
	unwind_store_drop(u->store, &oldest->place);
	oldest->placed = false;
	u->evicted++;
	return true;
}

static int put_table(struct unwind *u, struct unwind_file *f, const struct unwind_table *t,
		     const char *path)
{
	char needed[16], all[16];
	int err;

	do {
		err = unwind_store_put(u->store, t, &f->place);
	} while (err == -ENOSPC && evict_one(u));
	if (err == -ENOSPC) {
		if (!f->without_room)
			log_warn(
				"%s: its unwind table (%s) finds no room (--unwind-memory %s): its "
				"frames are found by frame pointers, as far as it has them",
				path,
				format_bytes(needed, sizeof(needed), t->n_rows * sizeof(*t->rows)),
				format_bytes(all, sizeof(all), u->memory));
		f->without_room = true;
		f->without_table = t->n_rows * sizeof(*t->rows) > u->memory;
		f->tried = u->released;
		return 0;
	}
	f->without_room = false;
	f->placed = !err;
	f->first = t->first;
	/* Where code is in more than one piece, a place in the file does not say enough. */
	if (f->placed && f->place.pages.n && f->code.n == 1 && f->identity.inode)
		unwind_store_name(u->store, f->identity.device, f->identity.inode, &f->place,
				  f->code.data[0].vaddr - f->code.data[0].offset - t->first);
	return err;
}

static int note_code(struct unwind_file *f, const struct elf_file *elf)
{
	for (size_t i = 0; i < elf_file_n_segments(elf); i++) {
		const struct elf_segment *s = elf_file_segment(elf, i);

		if (s->flags & PF_X &&
		    vec_push(&f->code, ((struct code){s->offset, s->filesz, s->vaddr})))
			return -ENOMEM;
	}
	return 0;
}

/* Makes the rows of @elf. A file that has none is no error. */
static int build(struct unwind *u, struct unwind_file *f, const struct elf_file *elf,
		 const char *path)
{
	uint64_t began = now_ns();
	struct unwind_table *t;
	int err = f->code.n ? 0 : note_code(f, elf);

	f->go = go_unwind_wanted(elf);
	if (err)
		return err;
	t = eh_frame_read(elf, NULL);
	if (!t) {
		err = -errno;
		log_debug("%s: no unwind table: %s", path, strerror(errno));
		f->without_table = err != -ENOMEM;
		return f->without_table ? 0 : err;
	}
	err = put_table(u, f, t, path);
	unwind_table_free(t);
	u->build_ns += now_ns() - began;
	return err;
}

static bool same_file(const void *ctx, uint32_t id, const void *key)
{
	const struct unwind *u = ctx;

	return !memcmp(&u->files.data[id].identity, key, sizeof(struct identity));
}

/* Its place among u->files, entered if it is new; -ENOMEM. */
static int64_t file_of(struct unwind *u, const struct identity *identity)
{
	uint64_t hash = hash_bytes(identity, sizeof(*identity), 0);
	uint32_t id = intern_find(&u->index, hash, same_file, u, identity);
	struct unwind_file f = {.identity = *identity};

	if (id != INTERN_NONE)
		return id;
	id = (uint32_t)u->files.n;
	if (vec_push(&u->files, f))
		return -ENOMEM;
	if (intern_add(&u->index, hash, id)) {
		u->files.n--;
		return -ENOMEM;
	}
	return id;
}

/* The kernel's own code in every process: ours is as good as theirs. */
static struct elf_file *open_vdso(void)
{
	const char *image = (const char *)getauxval(AT_SYSINFO_EHDR);
	const ElfW(Ehdr) *header = (const void *)image;
	size_t size = image ? header->e_shoff + (size_t)header->e_shnum * header->e_shentsize : 0;

	return size ? elf_file_open_mem(image, size, "[vdso]") : NULL;
}

static int build_if_needed(struct unwind *u, struct unwind_file *f, int fd, const char *path)
{
	struct elf_file *elf;
	int err;

	if (f->placed || f->without_table || (f->without_room && f->tried == u->released))
		return 0;
	elf = fd < 0 ? open_vdso() : elf_file_open_fd(fd, path);
	if (!elf) {
		f->without_table = errno != ENOMEM;
		return f->without_table ? 0 : -ENOMEM;
	}
	err = build(u, f, elf, path);
	elf_file_free(elf);
	return err;
}

static int identify(struct identity *identity, int fd)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -ENOENT;
	*identity = (struct identity){st.st_dev, st.st_ino, (uint64_t)st.st_size, st.st_mtim.tv_sec,
				      st.st_mtim.tv_nsec};
	return 0;
}

int unwind_add_file(struct unwind *u, int fd, const char *path)
{
	struct identity identity;
	int64_t id;

	if (identify(&identity, fd))
		return 0;
	id = file_of(u, &identity);
	if (id < 0)
		return (int)id;
	u->files.data[id].used = u->publications;
	return build_if_needed(u, &u->files.data[id], fd, path);
}

/* The file behind @map, with its rows; -ENOENT where there is none. */
static int64_t hold_file(struct unwind *u, const struct unwind_map *map, unwind_open_fn open_map,
			 void *ctx)
{
	bool vdso = !strcmp(map->path, "[vdso]");
	__auto_close int fd = vdso || *map->path != '/' ? -1 : open_map(ctx, map);
	struct identity identity = {0};
	int64_t id;
	int err;

	if (!vdso && identify(&identity, fd))
		return -ENOENT;
	id = file_of(u, &identity);
	if (id < 0)
		return id;
	/* Held at once: nobody may evict it for the next one's sake. */
	u->files.data[id].holders++;
	u->files.data[id].used = u->publications;
	err = build_if_needed(u, &u->files.data[id], fd, map->path);
	if (err) {
		u->files.data[id].holders--;
		return err;
	}
	return id;
}

/* --- processes ------------------------------------------------------------------ */

static void let_go(struct unwind *u, const uint32_t *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		u->released += !--u->files.data[files[i]].holders;
}

/* Which code of @f is mapped there; NULL: none. */
static const struct code *code_at(const struct unwind_file *f, const struct unwind_map *map)
{
	uint64_t end = map->offset + (map->end - map->start);

	vec_for_each (&f->code, c) {
		if (map->offset < c->offset + c->size && c->offset < end)
			return c;
	}
	return NULL;
}

/* Sorts them out of what the process has; its own, unlike a file's, go with it. */
static int list_mappings(struct unwind *u, const struct unwind_map *maps, size_t n,
			 unwind_open_fn open_map, void *ctx, struct held *held,
			 struct unwind_mapping *list, bool *go)
{
	for (size_t i = 0; i < n; i++) {
		const struct unwind_map *map = &maps[i];
		int64_t id = hold_file(u, map, open_map, ctx);
		const struct unwind_file *f;
		const struct code *code;

		list[i] = (struct unwind_mapping){.start = map->start, .end = map->end};
		if (id == -ENOENT)
			continue;
		if (id < 0)
			return (int)id;
		if (vec_push(&held->files, (uint32_t)id)) {
			u->files.data[id].holders--;
			return -ENOMEM;
		}
		f = &u->files.data[id];
		*go |= f->go;
		code = code_at(f, map);
		if (!f->placed || !code)
			continue;
		/* Whole pages are mapped: from some bytes before the code on. */
		list[i].bias = map->start - (code->vaddr - (code->offset - map->offset)) + f->first;
		list[i].page = f->place.pages.first;
		list[i].pages = f->place.pages.n;
	}
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct unwind_mapping *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static struct held *find_process(struct unwind *u, uint32_t tgid)
{
	vec_for_each (&u->processes, p) {
		if (p->tgid == tgid)
			return p;
	}
	return NULL;
}

static struct held *note_process(struct unwind *u, uint32_t tgid)
{
	struct held *p = find_process(u, tgid);

	if (p)
		return p;
	if (vec_push(&u->processes, ((struct held){.tgid = tgid})))
		return NULL;
	return &u->processes.data[u->processes.n - 1];
}

static int publish(struct unwind *u, struct held *p, struct held *held, struct unwind_mapping *list,
		   size_t n, bool go)
{
	int err;

	qsort(list, n, sizeof(*list), by_start);
	err = unwind_store_publish(u->store, p->tgid, list, (uint32_t)n, go, &p->slice);
	if (err == -ENOSPC)
		log_error("pid %u: too many processes or mappings for one session's unwind tables",
			  p->tgid);
	if (err)
		return err;
	held->tgid = p->tgid;
	held->slice = p->slice;
	let_go(u, p->files.data, p->files.n);
	vec_free(&p->files);
	*p = *held;
	return 0;
}

int unwind_set_process(struct unwind *u, uint32_t tgid, const struct unwind_map *maps, size_t n,
		       unwind_open_fn open_map, void *ctx)
{
	struct held *p = note_process(u, tgid), held = {0};
	__auto_free struct unwind_mapping *list = NULL;
	bool go = false;
	int err;

	if (n > UNWIND_MAPPINGS_MAX) {
		log_warn("pid %u: of its %zu mappings the first %d have unwind tables", tgid, n,
			 UNWIND_MAPPINGS_MAX);
		n = UNWIND_MAPPINGS_MAX;
	}
	list = calloc(n + 1, sizeof(*list));
	if (!p || !list)
		return -ENOMEM;
	u->publications++;
	err = list_mappings(u, maps, n, open_map, ctx, &held, list, &go);
	if (!err)
		err = publish(u, p, &held, list, n, go);
	if (err) {
		let_go(u, held.files.data, held.files.n);
		vec_free(&held.files);
	}
	return err;
}

void unwind_drop_process(struct unwind *u, uint32_t tgid)
{
	struct held *p = find_process(u, tgid);

	if (!p)
		return;
	unwind_store_withdraw(u->store, tgid, &p->slice);
	let_go(u, p->files.data, p->files.n);
	vec_free(&p->files);
	*p = u->processes.data[--u->processes.n];
}

struct unwind_stats unwind_stats(const struct unwind *u)
{
	struct unwind_stats s = {
		.processes = u->processes.n,
		.files = u->files.n,
		.rows = unwind_store_rows(u->store),
		.rules = unwind_store_rules(u->store),
		.bytes = unwind_store_bytes(u->store),
		.build_ns = u->build_ns,
		.evicted = u->evicted,
	};

	vec_for_each (&u->files, f)
		s.without_table += f->without_table || f->without_room;
	return s;
}
