#define _GNU_SOURCE
#include "files.h"

#include <linux/types.h>
#define __user
#include "uapi/drm.h"

#include <stdlib.h>
#include <string.h>

#include "record.h"

#define MAX_FDS 65536

static struct drm_file *table[MAX_FDS];
/* Descriptors of syncobjs and sync files that this process made. */
static bool shared[MAX_FDS];
static unsigned last_id;

bool fd_watched(int fd)
{
	return fd >= 0 && fd < MAX_FDS &&
	       (__atomic_load_n(&table[fd], __ATOMIC_RELAXED) || __atomic_load_n(&shared[fd], __ATOMIC_RELAXED));
}

struct drm_file *fd_file(int fd)
{
	return fd >= 0 && fd < MAX_FDS ? __atomic_load_n(&table[fd], __ATOMIC_ACQUIRE) : NULL;
}

static enum driver driver_of(const char *name)
{
	static const struct {
		const char *name;
		enum driver driver;
	} known[] = {
		{ "msm", DRIVER_MSM },	       { "nouveau", DRIVER_NOUVEAU }, { "xe", DRIVER_XE },
		{ "panthor", DRIVER_PANTHOR }, { "powervr", DRIVER_POWERVR },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (!strcmp(known[i].name, name))
			return known[i].driver;
	return DRIVER_OTHER;
}

struct drm_file *fd_opened(int fd)
{
	char name[64] = "";
	struct drm_version version = { .name = name, .name_len = sizeof name - 1 };
	struct drm_file *file;

	if (fd < 0 || fd >= MAX_FDS)
		return NULL;
	/* An old entry: its close was not seen. */
	fd_closed(fd);
	if (real_ioctl(fd, DRM_IOCTL_VERSION, &version))
		return NULL;
	file = calloc(1, sizeof *file);
	if (!file)
		return NULL;
	file->id = ++last_id;
	file->fds = 1;
	name[sizeof name - 1] = 0;
	file->driver = driver_of(name);
	__atomic_store_n(&table[fd], file, __ATOMIC_RELEASE);
	if (line_begin("file", 0)) {
		put_u64("f", file->id);
		put_string("driver", name, strlen(name));
		line_end();
	}
	return file;
}

static void shared_line(const char *op, int fd, int to)
{
	if (!line_begin(op, 0))
		return;
	put_u64("fd", (uint64_t)fd);
	if (to >= 0)
		put_u64("to", (uint64_t)to);
	line_end();
}

void fd_shared(int fd)
{
	if (fd >= 0 && fd < MAX_FDS)
		__atomic_store_n(&shared[fd], true, __ATOMIC_RELAXED);
}

void fd_duplicated(int from, int to)
{
	struct drm_file *file = fd_file(from);

	if (to < 0 || to >= MAX_FDS || from == to)
		return;
	fd_closed(to);
	if (from >= 0 && from < MAX_FDS && shared[from]) {
		shared_line("fd_duplicated", from, to);
		fd_shared(to);
	}
	if (!file)
		return;
	__atomic_store_n(&table[to], file, __ATOMIC_RELEASE);
	file->fds++;
}

void fd_closed(int fd)
{
	struct drm_file *file = fd_file(fd);

	if (fd >= 0 && fd < MAX_FDS && shared[fd]) {
		__atomic_store_n(&shared[fd], false, __ATOMIC_RELAXED);
		shared_line("fd_closed", fd, -1);
	}
	if (!file)
		return;
	__atomic_store_n(&table[fd], NULL, __ATOMIC_RELEASE);
	if (--file->fds)
		return;
	if (!file->inherited && line_begin("close", 0)) {
		put_u64("f", file->id);
		line_end();
	}
	/* Not freed: another thread may be in an ioctl on it, and looks at it without the log. */
}

void files_inherited(void)
{
	/* What the parent made descriptors of is none of this process's trace. */
	memset(shared, 0, sizeof shared);
	for (int fd = 0; fd < MAX_FDS; fd++)
		if (table[fd] && !table[fd]->inherited) {
			table[fd]->inherited = true;
			if (line_begin("inherited", 0)) {
				put_u64("f", table[fd]->id);
				line_end();
			}
		}
}

bool files_any(void)
{
	return last_id != 0;
}
