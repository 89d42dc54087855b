// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/log.h"
#include "session/unwind_store.h"

#include "alloctap.h"

#include "alloctap.skel.h" /* names types of alloctap.h */

/* Processes, and executable mappings of all of them, at a time. */
#define PROCESSES TARGETS_MAX
#define MAPPINGS  65536
#define FILES     16384
/* 64 KiB of code each: 4 GiB of it. */
#define PAGES 65536
/* Rows that need not be next to each other; not less than a page may have. */
#define CHUNK_ROWS  UNWIND_PAGE_ROWS
#define SHARD_BYTES (UNWIND_SHARD_ROWS * sizeof(struct unwind_row))

/* A kernel map as we see it. */
struct window {
	int fd;
	size_t len;
	void *data; /* NULL: not mapped */
};

struct shard {
	struct window window;
	struct extents room;
};

struct unwind_store {
	size_t max_shards;
	int processes_fd, files_fd, rows_fd;
	struct window mappings, pages, rules;
	struct extents mappings_room, pages_room;
	VEC(struct shard) shards;
	struct intern rule_index;
	uint32_t n_rules;
	uint32_t generation;
	/* Given back, but perhaps still read. */
	VEC(struct extent) old_mappings, old_pages, old_rows;
};

struct unwind_store *unwind_store_new(uint64_t memory)
{
	struct unwind_store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->max_shards = memory / SHARD_BYTES ?: 1;
	if (s->max_shards > UINT32_MAX / UNWIND_SHARD_ROWS)
		s->max_shards = UINT32_MAX / UNWIND_SHARD_ROWS;
	s->n_rules = UNWIND_RULE_FIRST;
	if (!extents_init(&s->mappings_room, MAPPINGS) && !extents_init(&s->pages_room, PAGES))
		return s;
	unwind_store_free(s);
	errno = ENOMEM;
	return NULL;
}

static void window_close(struct window *w)
{
	if (w->data)
		munmap(w->data, w->len);
	w->data = NULL;
}

void unwind_store_free(struct unwind_store *s)
{
	if (!s)
		return;
	vec_for_each (&s->shards, shard) {
		window_close(&shard->window);
		close(shard->window.fd);
		extents_free(&shard->room);
	}
	vec_free(&s->shards);
	window_close(&s->mappings);
	window_close(&s->pages);
	window_close(&s->rules);
	extents_free(&s->mappings_room);
	extents_free(&s->pages_room);
	vec_free(&s->old_mappings);
	vec_free(&s->old_pages);
	vec_free(&s->old_rows);
	intern_free(&s->rule_index);
	free(s);
}

void unwind_store_configure(const struct unwind_store *s, struct alloctap_bpf *skel)
{
	bpf_map__set_max_entries(skel->maps.unwind_processes, PROCESSES);
	bpf_map__set_max_entries(skel->maps.unwind_files, FILES);
	bpf_map__set_max_entries(skel->maps.unwind_mappings, MAPPINGS);
	bpf_map__set_max_entries(skel->maps.unwind_pages, PAGES);
	bpf_map__set_max_entries(skel->maps.unwind_rules, UNWIND_RULES_MAX);
	bpf_map__set_max_entries(skel->maps.unwind_rows, (uint32_t)s->max_shards);
	bpf_map__set_value_size(skel->maps.unwind_cache, sizeof(struct unwind_cache));
}

static int window_open(struct window *w, int fd, size_t n, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *data;

	w->fd = fd;
	w->len = (n * size + page - 1) / page * page;
	data = mmap(NULL, w->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	w->data = data;
	return 0;
}

static int add_shard(struct unwind_store *s)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct shard shard = {0};
	__u32 key = (__u32)s->shards.n;
	int fd, err;

	if (s->shards.n == s->max_shards)
		return -ENOSPC;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "unwind_shard", sizeof(__u32),
			    sizeof(struct unwind_rows), UNWIND_SHARD_ROWS / 2, &opts);
	if (fd < 0)
		return -errno;
	err = window_open(&shard.window, fd, UNWIND_SHARD_ROWS, sizeof(struct unwind_row));
	if (!err)
		err = extents_init(&shard.room, UNWIND_SHARD_ROWS);
	if (!err && bpf_map_update_elem(s->rows_fd, &key, &fd, BPF_ANY))
		err = -errno;
	if (!err)
		err = vec_push(&s->shards, shard);
	if (err) {
		window_close(&shard.window);
		extents_free(&shard.room);
		close(fd);
	}
	return err;
}

static int say(const char *what, int err)
{
	if (err && err != -ENOSPC)
		log_error("unwind tables: %s: %s", what, strerror(-err));
	return err;
}

int unwind_store_start(struct unwind_store *s, struct alloctap_bpf *skel)
{
	int err;

	s->processes_fd = bpf_map__fd(skel->maps.unwind_processes);
	s->files_fd = bpf_map__fd(skel->maps.unwind_files);
	s->rows_fd = bpf_map__fd(skel->maps.unwind_rows);
	err = window_open(&s->mappings, bpf_map__fd(skel->maps.unwind_mappings), MAPPINGS,
			  sizeof(struct unwind_mapping));
	if (!err)
		err = window_open(&s->pages, bpf_map__fd(skel->maps.unwind_pages), PAGES,
				  sizeof(struct unwind_page));
	if (!err)
		err = window_open(&s->rules, bpf_map__fd(skel->maps.unwind_rules), UNWIND_RULES_MAX,
				  sizeof(struct unwind_rule));
	if (!err)
		err = add_shard(s);
	return say("the kernel's maps cannot be used", err);
}

static int give_rows(struct unwind_store *s, struct extent x)
{
	struct extent inside = {x.first % UNWIND_SHARD_ROWS, x.n};

	return extents_give(&s->shards.data[x.first / UNWIND_SHARD_ROWS].room, inside);
}

/*
 * Waits until nobody reads what was given back before: an update of a map of maps
 * ends with synchronize_rcu() (see session/drain.c). False where nothing was.
 */
static bool quiesce(struct unwind_store *s)
{
	__u32 zero = 0;

	if (!s->old_mappings.n && !s->old_pages.n && !s->old_rows.n)
		return false;
	if (bpf_map_update_elem(s->rows_fd, &zero, &s->shards.data[0].window.fd, BPF_ANY))
		return false;
	/* What memory is lacking for is lost: no later than this room is used up. */
	vec_for_each (&s->old_mappings, x)
		extents_give(&s->mappings_room, *x);
	vec_for_each (&s->old_pages, x)
		extents_give(&s->pages_room, *x);
	vec_for_each (&s->old_rows, x)
		give_rows(s, *x);
	s->old_mappings.n = s->old_pages.n = s->old_rows.n = 0;
	return true;
}

/* --- tables --------------------------------------------------------------------- */

static bool same_rule(const void *ctx, uint32_t id, const void *key)
{
	const struct unwind_rule *rules = ctx;

	return !memcmp(&rules[id], key, sizeof(*rules));
}

/* The number all files know @rule by. */
static int64_t rule_number(struct unwind_store *s, const struct unwind_rule *rule)
{
	struct unwind_rule *rules = s->rules.data;
	uint64_t hash = hash_bytes(rule, sizeof(*rule), 0);
	uint32_t id;

	if (rule->cfa == UNWIND_CFA_NONE)
		return UNWIND_RULE_NONE;
	id = intern_find(&s->rule_index, hash, same_rule, rules, rule);
	if (id != INTERN_NONE)
		return id;
	if (s->n_rules == UNWIND_RULES_MAX)
		return UNWIND_RULE_NONE;
	id = s->n_rules;
	rules[id] = *rule;
	if (intern_add(&s->rule_index, hash, id))
		return -ENOMEM;
	s->n_rules++;
	return id;
}

/* Room for rows that are next to each other: in a shard that has it, or in a new one. */
static int take_rows(struct unwind_store *s, uint32_t n, uint32_t *first)
{
	for (size_t i = 0;; i++) {
		int err = i < s->shards.n ? 0 : add_shard(s);

		if (err)
			return err;
		if (!extents_take(&s->shards.data[i].room, n, first)) {
			*first += (uint32_t)i * UNWIND_SHARD_ROWS;
			return 0;
		}
	}
}

/* Pages [from, *to) have so few rows together that they are placed as one. */
static uint32_t chunk_of(const struct unwind_table *t, size_t from, size_t *to)
{
	uint32_t n = 0;

	for (*to = from; *to < t->n_pages && n + t->pages[*to].n <= CHUNK_ROWS; ++*to)
		n += t->pages[*to].n;
	return n;
}

static int take_place(struct unwind_store *s, const struct unwind_table *t,
		      struct unwind_place *place)
{
	size_t n_chunks = 0, to;
	int err;

	for (size_t from = 0; from < t->n_pages; from = to, n_chunks++)
		chunk_of(t, from, &to);
	place->rows = calloc(n_chunks + 1, sizeof(*place->rows));
	if (!place->rows)
		return -ENOMEM;
	err = extents_take(&s->pages_room, (uint32_t)t->n_pages, &place->pages.first);
	if (err)
		return err;
	place->pages.n = (uint32_t)t->n_pages;
	for (size_t from = 0; from < t->n_pages; from = to) {
		uint32_t n = chunk_of(t, from, &to), first = 0;

		err = n ? take_rows(s, n, &first) : 0;
		if (err)
			return err;
		place->rows[place->n_rows++] = (struct extent){first, n};
	}
	return 0;
}

static void fill_chunk(struct unwind_store *s, const struct unwind_table *t, size_t from, size_t to,
		       uint32_t page, struct extent x, const uint16_t *rules)
{
	const struct unwind_row *source = &t->rows[t->pages[from].first];
	struct unwind_page *pages = s->pages.data;
	struct unwind_row *rows = s->shards.data[x.first / UNWIND_SHARD_ROWS].window.data;

	rows += x.first % UNWIND_SHARD_ROWS;
	for (uint32_t i = 0; i < x.n; i++)
		rows[i] = (struct unwind_row){source[i].pc, rules[source[i].rule]};
	for (size_t i = from; i < to; i++) {
		pages[page + i] = (struct unwind_page){
			.first = x.first + (t->pages[i].first - t->pages[from].first),
			.n = t->pages[i].n,
		};
	}
}

static int fill_place(struct unwind_store *s, const struct unwind_table *t,
		      const struct unwind_place *place)
{
	__auto_free uint16_t *rules = calloc(t->n_rules + 1, sizeof(*rules));
	size_t chunk = 0, to;

	if (!rules)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_rules; i++) {
		int64_t number = rule_number(s, &t->rules[i]);

		if (number < 0)
			return (int)number;
		rules[i] = (uint16_t)number;
	}
	for (size_t from = 0; from < t->n_pages; from = to, chunk++) {
		chunk_of(t, from, &to);
		fill_chunk(s, t, from, to, place->pages.first, place->rows[chunk], rules);
	}
	return 0;
}

static struct unwind_inode kernel_inode(uint64_t device, uint64_t inode)
{
	return (struct unwind_inode){inode, UNWIND_DEVICE(major(device), minor(device))};
}

void unwind_store_name(struct unwind_store *s, uint64_t device, uint64_t inode,
		       const struct unwind_place *place, uint64_t offset)
{
	struct unwind_inode key = kernel_inode(device, inode);
	struct unwind_table_place value = {offset, place->pages.first, place->pages.n};

	/* Without, frames are missing for a moment: nothing to fail for. */
	if (bpf_map_update_elem(s->files_fd, &key, &value, BPF_ANY))
		log_debug("unwind tables: a file cannot be noted: %s", strerror(errno));
}

void unwind_store_unname(struct unwind_store *s, uint64_t device, uint64_t inode)
{
	struct unwind_inode key = kernel_inode(device, inode);

	bpf_map_delete_elem(s->files_fd, &key);
}

static void forget_place(struct unwind_place *place)
{
	free(place->rows);
	*place = (struct unwind_place){0};
}

/* Of what no program has seen yet. */
static void undo_place(struct unwind_store *s, struct unwind_place *place)
{
	for (size_t i = 0; i < place->n_rows; i++) {
		if (place->rows[i].n)
			give_rows(s, place->rows[i]);
	}
	extents_give(&s->pages_room, place->pages);
	forget_place(place);
}

void unwind_store_drop(struct unwind_store *s, struct unwind_place *place)
{
	for (size_t i = 0; i < place->n_rows; i++) {
		if (place->rows[i].n)
			vec_push(&s->old_rows, place->rows[i]);
	}
	if (place->pages.n)
		vec_push(&s->old_pages, place->pages);
	forget_place(place);
}

int unwind_store_put(struct unwind_store *s, const struct unwind_table *t,
		     struct unwind_place *place)
{
	int err;

	if (!t->n_pages) {
		*place = (struct unwind_place){0};
		return 0;
	}
	do {
		*place = (struct unwind_place){0};
		err = take_place(s, t, place);
		if (err)
			undo_place(s, place);
	} while (err == -ENOSPC && quiesce(s));
	if (!err) {
		err = fill_place(s, t, place);
		if (err)
			undo_place(s, place);
	}
	return say("no table could be made", err);
}

/* --- processes ------------------------------------------------------------------ */

int unwind_store_publish(struct unwind_store *s, uint32_t tgid, const struct unwind_mapping *m,
			 uint32_t n, bool go, struct extent *slice)
{
	struct unwind_mapping *all = s->mappings.data;
	struct unwind_process p = {.n = n, .go = go};
	int err = 0;

	if (slice->n == n && n && !memcmp(&all[slice->first], m, n * sizeof(*m)))
		return 0;
	do {
		err = n ? extents_take(&s->mappings_room, n, &p.first) : 0;
	} while (err == -ENOSPC && quiesce(s));
	if (err)
		return err;
	memcpy(&all[p.first], m, n * sizeof(*m));
	p.generation = ++s->generation;
	if (bpf_map_update_elem(s->processes_fd, &tgid, &p, BPF_ANY)) {
		err = -errno;
		extents_give(&s->mappings_room, (struct extent){p.first, n});
		return say("a process cannot be noted", err == -E2BIG ? -ENOSPC : err);
	}
	if (slice->n)
		vec_push(&s->old_mappings, *slice);
	*slice = (struct extent){p.first, n};
	return 0;
}

void unwind_store_withdraw(struct unwind_store *s, uint32_t tgid, struct extent *slice)
{
	bpf_map_delete_elem(s->processes_fd, &tgid);
	if (slice->n)
		vec_push(&s->old_mappings, *slice);
	*slice = (struct extent){0};
}

uint64_t unwind_store_rows(const struct unwind_store *s)
{
	uint64_t n = 0;

	vec_for_each (&s->shards, shard)
		n += shard->room.used;
	return n;
}

uint64_t unwind_store_rules(const struct unwind_store *s)
{
	return s->n_rules;
}

uint64_t unwind_store_bytes(const struct unwind_store *s)
{
	return s->mappings.len + s->pages.len + s->rules.len + s->shards.n * SHARD_BYTES +
	       sizeof(struct unwind_cache);
}
