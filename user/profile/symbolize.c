// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/vec.h"
#include "binary/perf_map.h"
#include "profile/symbolize.h"
#include "target/package.h"

/* Files without names are told of one by one up to here: looking for a package takes a while. */
#define MAX_SAID 5

struct file_image {
	uint64_t device, inode;
	char *path;
	struct image *image;
};

struct mapped {
	uint32_t target;
	uint64_t start, end, offset;
	uint32_t image;   /* in symbolizer.images */
	uint32_t mapping; /* of the builder; PROFILE_NONE until a location needs it */
};

/* Functions at which a stack begins, whatever a walk found beyond them. */
enum stack_root {
	ROOT_NONE,
	ROOT_CGO,    /* C called Go here: what a walk finds beyond is C's */
	ROOT_BOTTOM, /* a thread began or its stack was switched here: nothing lies beyond */
};

/* What an address was found to be. */
struct resolved {
	uint64_t address;
	uint32_t target;
	uint32_t location; /* PROFILE_NONE: hidden */
	enum stack_root root;
	bool is_signal; /* the frame below was interrupted here, and called nothing */
};

/* Names of what a process compiled. */
struct compiled {
	uint32_t target;
	struct perf_map *names;
};

struct symbolizer {
	struct profile_builder *b;
	VEC(struct file_image) images;
	VEC(struct mapped) maps;
	VEC(struct compiled) compiled;
	struct image_options options;
	VEC(struct resolved) resolved;
	struct intern index; /* of resolved, by (target, address) */
};

struct symbolizer *symbolizer_new(struct profile_builder *b, const struct image_options *options)
{
	struct symbolizer *s = calloc(1, sizeof(*s));

	if (s)
		*s = (struct symbolizer){.b = b, .options = *options};
	return s;
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	vec_for_each (&s->images, img) {
		image_free(img->image);
		free(img->path);
	}
	vec_for_each (&s->compiled, c)
		perf_map_free(c->names);
	vec_free(&s->images);
	vec_free(&s->maps);
	vec_free(&s->compiled);
	vec_free(&s->resolved);
	intern_free(&s->index);
	free(s);
}

static uint32_t find_image(struct symbolizer *s, const struct memory_map *map)
{
	for (uint32_t i = 0; i < s->images.n; i++) {
		const struct file_image *img = &s->images.data[i];

		if (img->inode == map->inode && img->device == map->device &&
		    !strcmp(img->path, map->path))
			return i;
	}
	return PROFILE_NONE;
}

static int add_image(struct symbolizer *s, const struct memory_map *map, int fd, uint32_t *id)
{
	struct file_image img = {.device = map->device, .inode = map->inode};

	img.path = strdup(map->path);
	img.image = image_new(map->path, fd, &s->options);
	*id = (uint32_t)s->images.n;
	if (img.path && img.image && !vec_push(&s->images, img))
		return 0;
	image_free(img.image);
	free(img.path);
	return -ENOMEM;
}

static uint32_t builder_mapping(struct symbolizer *s, struct mapped *m)
{
	const struct file_image *img = &s->images.data[m->image];

	if (m->mapping == PROFILE_NONE)
		m->mapping = profile_builder_mapping(
			s->b,
			&(struct profile_mapping){
				.start = m->start,
				.limit = m->end,
				.offset = m->offset,
				.target = m->target,
				.file = profile_builder_str(s->b, img->path),
				.build_id = profile_builder_str(s->b, image_build_id(img->image)),
			});
	return m->mapping;
}

int symbolizer_add_mapping(struct symbolizer *s, uint32_t target, const struct memory_map *map,
			   int fd)
{
	struct mapped m = {
		.target = target,
		.start = map->start,
		.end = map->end,
		.offset = map->offset,
		.image = find_image(s, map),
		.mapping = PROFILE_NONE,
	};
	bool first = !s->maps.n || s->maps.data[s->maps.n - 1].target != target;
	int err = 0;

	if (m.image == PROFILE_NONE)
		err = add_image(s, map, fd, &m.image);
	/* Readers of pprof take the first mapping for the main binary. */
	if (!err && first)
		builder_mapping(s, &m);
	return err ? err : vec_push(&s->maps, m);
}

int symbolizer_add_perf_map(struct symbolizer *s, uint32_t target, int fd)
{
	struct compiled c = {.target = target, .names = perf_map_read(fd)};

	if (!c.names)
		return -errno;
	if (!vec_push(&s->compiled, c))
		return 0;
	perf_map_free(c.names);
	return -ENOMEM;
}

static struct mapped *find_mapped(struct symbolizer *s, uint32_t target, uint64_t address)
{
	vec_for_each (&s->maps, m) {
		if (m->target == target && address >= m->start && address < m->end)
			return m;
	}
	return NULL;
}

/* facts/go-runtime.md 5: frame pointers say nothing true beyond these. */
static enum stack_root stack_root_of(const char *name)
{
	static const struct {
		const char *name;
		enum stack_root root;
	} roots[] = {
		{"crosscall2", ROOT_CGO},        {"runtime.cgocallback", ROOT_CGO},
		{"runtime.mcall", ROOT_BOTTOM},  {"runtime.morestack", ROOT_BOTTOM},
		{"runtime.rt0_go", ROOT_BOTTOM}, {"runtime.mstart", ROOT_BOTTOM},
	};

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		if (!strcmp(name, roots[i].name))
			return roots[i].root;
	}
	return ROOT_NONE;
}

/* NULL where the process compiled nothing there that it told of. */
static const char *find_compiled(const struct symbolizer *s, uint32_t target, uint64_t address)
{
	const char *name = NULL;

	vec_for_each (&s->compiled, c) {
		if (c->target == target && !name)
			name = perf_map_at(c->names, address);
	}
	return name;
}

/* Memory that no program's file is behind. */
static void compiled_frame(struct symbolizer *s, const struct mapped *m, uint32_t target,
			   uint64_t address, struct image_frames *frames)
{
	const char *name = find_compiled(s, target, address);
	str_id id;

	if (!name) {
		image_special_frame(s->b, m ? "[anonymous executable memory]" : "[unmapped]",
				    frames);
		return;
	}
	id = profile_builder_str(s->b, name);
	*frames = (struct image_frames){.outermost = name};
	image_frames_push(s->b, frames,
			  &(struct profile_function){
				  .name = id, .system_name = id, .category = FUNCTION_NATIVE},
			  0);
}

/*
 * A return address may lie behind its function's end: the call is before it. But a
 * signal handler returns to a place that nobody called from.
 */
static struct resolved resolve(struct symbolizer *s, uint32_t target, uint64_t address,
			       bool is_return)
{
	struct resolved r = {.address = address, .target = target, .location = PROFILE_NONE};
	struct mapped *m = find_mapped(s, target, address);
	struct image *img = m ? s->images.data[m->image].image : NULL;
	bool is_file = img && *image_path(img);
	struct image_frames frames;

	if (is_return && is_file)
		r.is_signal = image_is_signal_return(img, address + 1 - m->start + m->offset);
	if (r.is_signal)
		address++;
	if (is_file && (image_has_code(img) || !find_compiled(s, target, address)))
		image_frames(img, s->b, address - m->start + m->offset, &frames);
	else
		compiled_frame(s, m, target, address, &frames);
	r.root = stack_root_of(frames.outermost);
	if (frames.n)
		r.location = profile_builder_location(
			s->b, address, is_file ? builder_mapping(s, m) : PROFILE_NONE, frames.lines,
			frames.n);
	return r;
}

static bool resolved_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct symbolizer *s = ctx;
	const struct resolved *r = &s->resolved.data[id], *k = key;

	return r->address == k->address && r->target == k->target;
}

static const struct resolved *resolve_cached(struct symbolizer *s, uint32_t target,
					     uint64_t address, bool is_return)
{
	struct resolved key = {.address = address, .target = target};
	uint64_t hash = hash_bytes(&key.address, sizeof(key.address), target);
	uint32_t id = intern_find(&s->index, hash, resolved_equal, s, &key);

	if (id == INTERN_NONE) {
		id = (uint32_t)s->resolved.n;
		if (vec_push(&s->resolved, resolve(s, target, address, is_return)) ||
		    intern_add(&s->index, hash, id))
			return NULL;
	}
	return &s->resolved.data[id];
}

static uint32_t stack_flags(enum stack_end end, enum stack_root root)
{
	if (root == ROOT_BOTTOM)
		return 0;
	switch (end) {
	case STACK_END_TRUNCATED:
		return PROFILE_STACK_TRUNCATED;
	case STACK_END_BROKEN:
		return PROFILE_STACK_BROKEN;
	case STACK_END_LEFT:
		return root == ROOT_CGO ? PROFILE_STACK_CGO : PROFILE_STACK_BROKEN;
	case STACK_END_ENTRY:
		break;
	}
	return 0;
}

uint32_t symbolizer_stack(struct symbolizer *s, uint32_t target, const uint64_t *ips, size_t n,
			  enum stack_end end, uint32_t flags)
{
	__auto_free uint32_t *locations = calloc(n ? n : 1, sizeof(*locations));
	enum stack_root root = ROOT_NONE;
	bool interrupted = false;
	size_t kept = 0;

	if (!locations)
		return PROFILE_NONE;
	for (size_t i = 0; i < n && root != ROOT_BOTTOM; i++) {
		bool is_return = i && !interrupted;
		const struct resolved *r =
			resolve_cached(s, target, is_return ? ips[i] - 1 : ips[i], is_return);

		if (!r)
			return PROFILE_NONE;
		root = r->root;
		interrupted = r->is_signal;
		if (r->location != PROFILE_NONE)
			locations[kept++] = r->location;
	}
	return profile_builder_stack(s->b, locations, kept, stack_flags(end, root) | flags);
}

uint32_t symbolizer_special_stack(struct symbolizer *s, const char *name)
{
	struct image_frames frames;
	uint32_t location;

	image_special_frame(s->b, name, &frames);
	location = profile_builder_location(s->b, 0, PROFILE_NONE, frames.lines, frames.n);
	return profile_builder_stack(s->b, &location, 1, 0);
}

static void say_nameless(const char *path, struct image *img)
{
	const char *build_id = image_build_id(img);
	uint64_t n = image_nameless(img);
	char package[128], remedy[256] = "a build with debug symbols would help";

	if (!package_of_file(PACKAGE_LISTS, path, package, sizeof(package)))
		snprintf(remedy, sizeof(remedy), "install %s-%s, or use --debuginfod", package,
			 strcmp(package, "libc6") ? "dbgsym" : "dbg");
	else if (*build_id)
		snprintf(remedy, sizeof(remedy),
			 "install its debug symbols by that build ID, or use --debuginfod");
	log_info("%s: %llu place%s without a name (%s%s): %s", path, (unsigned long long)n,
		 n == 1 ? "" : "s", *build_id ? "build ID " : "no build ID", build_id, remedy);
}

void symbolizer_say_nameless(const struct symbolizer *s)
{
	size_t said = 0;

	vec_for_each (&s->images, img) {
		if (image_nameless(img->image) && *img->path == '/' && said++ < MAX_SAID)
			say_nameless(img->path, img->image);
	}
	if (said > MAX_SAID)
		log_info("%zu more files without names", said - MAX_SAID);
}
