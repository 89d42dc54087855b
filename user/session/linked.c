// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * As ld.so(8) looks for libraries: where the file that wants one says (DT_RUNPATH), then by
 * the cache of the process's root directory, then in the standard directories. Where the
 * cache has several of one name, for newer processors, all are taken: probes in a file that
 * nobody maps cost nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/vec.h"
#include "binary/elf_needed.h"
#include "probe/allocators.h"
#include "session/linked.h"
#include "target/ld_cache.h"

#define LINKED_MAX 512
#define CACHE_MAX  (64u << 20)

/* Of an ELF machine whose loader has no cache (musl), or without one. */
static const char standard[] = "/lib:/usr/lib:/lib64:/usr/lib64:/usr/local/lib";

struct search {
	struct files *files;
	int root;
	void *cache; /* NULL: none */
	size_t cache_bytes;
	VEC(struct file *) found;
	int err;
};

/* Of that root, whatever symbolic links there are: a container's are not ours. */
static int open_in(int root, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static void map_cache(struct search *s)
{
	__auto_close int fd = open_in(s->root, "/etc/ld.so.cache");
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > CACHE_MAX)
		return;
	s->cache = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (s->cache == MAP_FAILED)
		s->cache = NULL;
	else
		s->cache_bytes = (size_t)st.st_size;
}

static int search_begin(struct search *s, struct files *files, const char *root)
{
	*s = (struct search){.files = files, .root = open(root, O_PATH | O_CLOEXEC)};
	if (s->root < 0)
		return -errno;
	map_cache(s);
	return 0;
}

static void search_end(struct search *s)
{
	if (s->cache)
		munmap(s->cache, s->cache_bytes);
	vec_free(&s->found);
	close(s->root);
}

static bool is_found(const struct search *s, const struct file *file)
{
	vec_for_each (&s->found, known) {
		if (*known == file)
			return true;
	}
	return false;
}

/* True where there is such a library. */
static bool take(struct search *s, const char *path)
{
	__auto_close int fd = open_in(s->root, path);
	struct file *file;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	file = files_of_fd(s->files, fd, path);
	if (!file) {
		s->err = -errno;
		return false;
	}
	if (!file->elf)
		return false;
	if (!is_found(s, file) && s->found.n < LINKED_MAX && vec_push(&s->found, file))
		s->err = -ENOMEM;
	return true;
}

/* --- where to look ------------------------------------------------------------------- */

/* Directory @dir of a search path, in which $ORIGIN is where @owner lies. */
static bool take_in(struct search *s, const char *dir, size_t n, const char *name,
		    const char *owner)
{
	static const char *const origins[] = {"$ORIGIN", "${ORIGIN}"};
	const char *slash = strrchr(owner, '/');
	char path[PATH_MAX];
	int written;

	for (size_t i = 0; i < ARRAY_SIZE(origins); i++) {
		size_t skip = strlen(origins[i]);

		if (n < skip || strncmp(dir, origins[i], skip) != 0 || !slash)
			continue;
		written = snprintf(path, sizeof(path), "%.*s%.*s/%s", (int)(slash - owner), owner,
				   (int)(n - skip), dir + skip, name);
		return written < (int)sizeof(path) && take(s, path);
	}
	written = snprintf(path, sizeof(path), "%.*s/%s", (int)n, dir, name);
	return *path == '/' && written < (int)sizeof(path) && take(s, path);
}

static bool take_along(struct search *s, const char *dirs, const char *name, const char *owner)
{
	bool found = false;

	while (dirs && *dirs && !found && !s->err) {
		size_t n = strcspn(dirs, ":");

		found = n && n < PATH_MAX && take_in(s, dirs, n, name, owner);
		dirs += n + (dirs[n] == ':');
	}
	return found;
}

struct cached {
	struct search *s;
	const char *name;
	bool found;
};

static int take_cached(void *ctx, const char *name, const char *path)
{
	struct cached *c = ctx;

	if (!strcmp(name, c->name))
		c->found |= take(c->s, path);
	return c->s->err;
}

static void look_for(struct search *s, const char *name, const char *path, const char *owner)
{
	struct cached c = {s, name, false};

	if (strchr(name, '/'))
		take(s, name);
	else if (!take_along(s, path, name, owner) && !s->err) {
		if (s->cache)
			ld_cache_each(s->cache, s->cache_bytes, take_cached, &c);
		if (!c.found && !s->err)
			take_along(s, standard, name, owner);
	}
}

static void look_for_needed(struct search *s, const struct file *file)
{
	struct elf_needed needed;

	if (!file->elf)
		return;
	elf_needed_read(&needed, file->elf);
	if (needed.loader)
		take(s, needed.loader);
	for (size_t i = 0; i < needed.n && !s->err; i++)
		look_for(s, needed.names[i], needed.path, file->path);
}

static int tell_found(const struct search *s, linked_fn fn, void *ctx)
{
	int err = s->err;

	for (size_t i = 0; i < s->found.n && !err; i++)
		err = fn(ctx, s->found.data[i]);
	return err;
}

/* --- who asks ------------------------------------------------------------------------ */

int linked_each(struct files *files, pid_t pid, const struct file *program, linked_fn fn, void *ctx)
{
	struct search s;
	char root[32];
	int err;

	snprintf(root, sizeof(root), "/proc/%d/root", pid);
	/* Who is not there has no libraries. */
	if (search_begin(&s, files, root))
		return 0;
	look_for_needed(&s, program);
	for (size_t i = 0; i < s.found.n && !s.err; i++)
		look_for_needed(&s, s.found.data[i]);
	err = tell_found(&s, fn, ctx);
	search_end(&s);
	return err;
}

static int take_allocator(void *ctx, const char *name, const char *path)
{
	struct search *s = ctx;

	if (native_family_of_library(name))
		take(s, path);
	return s->err;
}

int linked_each_allocator(struct files *files, linked_fn fn, void *ctx)
{
	struct search s;
	int err = search_begin(&s, files, "/");

	if (err)
		return err;
	if (s.cache)
		ld_cache_each(s.cache, s.cache_bytes, take_allocator, &s);
	err = tell_found(&s, fn, ctx);
	search_end(&s);
	return err;
}
