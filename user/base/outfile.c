// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/outfile.h"

struct outfile {
	FILE *stream;
	char *path;
	char *temp; /* NULL: written in place (stdout, /dev/null, a pipe) */
};

/* A device, pipe or socket cannot be replaced by rename: it is written in place. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

int outfile_check(const char *path)
{
	__auto_free char *folder = NULL;
	struct stat st;
	char *slash;

	if (!strcmp(path, "-"))
		return 0;
	if (!stat(path, &st) && S_ISDIR(st.st_mode)) {
		log_error("%s: is a directory: name a file in it", path);
		return -EISDIR;
	}
	folder = strdup(path);
	if (!folder)
		return -ENOMEM;
	slash = strrchr(folder, '/');
	if (!slash)
		return 0;
	slash[slash == folder] = 0;
	if (stat(folder, &st) || !S_ISDIR(st.st_mode)) {
		log_error("%s: no such folder %s: make it first", path, folder);
		return -ENOENT;
	}
	return 0;
}

static int open_temp(struct outfile *f, const char *path)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&f->temp, "%s.tmp.XXXXXX", path) < 0) {
		f->temp = NULL;
		return -1;
	}
	fd = mkostemp(f->temp, O_CLOEXEC);
	if (fd < 0) {
		free(f->temp);
		f->temp = NULL;
		return -1;
	}
	/* mkostemp() makes it 0600; the user expects what open() would have made. */
	fchmod(fd, 0666 & ~mask);
	return fd;
}

struct outfile *outfile_open(const char *path)
{
	struct outfile *f = calloc(1, sizeof(*f));
	int err, fd;

	if (!f)
		return NULL;
	f->path = strdup(path);
	if (!f->path) {
		free(f);
		errno = ENOMEM;
		return NULL;
	}
	if (!strcmp(path, "-"))
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else if (is_special(path))
		fd = open(path, O_WRONLY | O_CLOEXEC);
	else
		fd = open_temp(f, path);
	if (fd >= 0)
		f->stream = fdopen(fd, "w");
	if (f->stream)
		return f;
	err = errno;
	log_error("%s: cannot be written: %s", path, strerror(err));
	if (fd >= 0)
		close(fd);
	outfile_abort(f);
	errno = err;
	return NULL;
}

FILE *outfile_stream(struct outfile *f)
{
	return f->stream;
}

int outfile_commit(struct outfile *f)
{
	int err = 0;

	/* ferror() alone keeps no errno: a full disk shows in the flush or the close. */
	if (fflush(f->stream) || ferror(f->stream))
		err = errno ? -errno : -EIO;
	if (fclose(f->stream) && !err)
		err = -errno;
	f->stream = NULL;
	if (!err && f->temp && rename(f->temp, f->path))
		err = -errno;
	if (err) {
		log_error("%s: cannot be written: %s", f->path, strerror(-err));
	} else {
		free(f->temp);
		f->temp = NULL;
	}
	outfile_abort(f);
	return err;
}

void outfile_abort(struct outfile *f)
{
	if (!f)
		return;
	if (f->stream)
		fclose(f->stream);
	if (f->temp)
		unlink(f->temp);
	free(f->temp);
	free(f->path);
	free(f);
}
