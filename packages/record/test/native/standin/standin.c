/* Answers the requests of five DRM drivers as a kernel would, as far as the numbers go: handles are the lowest free ones, a dma-buf
 * that comes back has the handle it had. A DRM file is a memfd; /dev/dri/standin-DRIVER opens one. It also keeps the clock, so that
 * recordings are the same each time: each look at it is a microsecond later. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>
#define __user
#include "uapi/drm.h"
#include "uapi/msm_drm.h"
#include "uapi/nouveau_drm.h"
#include "uapi/panthor_drm.h"
#include "uapi/pvr_drm.h"
#include "uapi/xe_drm.h"

#define SHOWN __attribute__((visibility("default")))
#define MAX_FILES 64
#define MAX_HANDLES 4096
#define NR(request) _IOC_NR(request)

struct handle {
	int used;
	uint64_t size;
	ino_t dmabuf;
};

static struct file {
	ino_t ino;
	const char *driver;
	struct handle handles[MAX_HANDLES];
	char syncobjs[MAX_HANDLES];
	uint32_t last_id;    /* of VMs, queues, heaps */
	uint32_t fence;
} files[MAX_FILES];
static unsigned file_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *const drivers[] = { "msm", "nouveau", "xe", "panthor", "powervr", "amdgpu" };

SHOWN int clock_gettime(clockid_t clock, struct timespec *ts)
{
	static uint64_t looks;
	uint64_t n = __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
	const char *jump = getenv("STANDIN_JUMP");
	uint64_t t = n * 1000 + (jump && n > strtoull(jump, NULL, 10) ? 1000000000000000000ull : 0);

	(void)clock;
	ts->tv_sec = (time_t)(t / 1000000000);
	ts->tv_nsec = (long)(t % 1000000000);
	return 0;
}

static ino_t ino_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

static int open_device(const char *path)
{
	static const char prefix[] = "/dev/dri/standin-";

	if (strncmp(path, prefix, sizeof prefix - 1))
		return -1;
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (!strcmp(path + sizeof prefix - 1, drivers[i])) {
			int fd = memfd_create("drm", MFD_CLOEXEC);

			pthread_mutex_lock(&lock);
			files[file_count].ino = ino_of(fd);
			files[file_count].driver = drivers[i];
			file_count++;
			pthread_mutex_unlock(&lock);
			return fd;
		}
	return -1;
}

SHOWN int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	va_list list;
	int fd = open_device(path);

	va_start(list, flags);
	mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
	va_end(list);
	return fd >= 0 ? fd : real(path, flags, mode);
}

SHOWN int openat(int dir, const char *path, int flags, ...)
{
	int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, "openat");
	va_list list;
	int fd = open_device(path);

	va_start(list, flags);
	mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
	va_end(list);
	return fd >= 0 ? fd : real(dir, path, flags, mode);
}

static uint32_t handle_new(struct file *file, uint64_t size, ino_t dmabuf)
{
	for (uint32_t i = 1; i < MAX_HANDLES; i++)
		if (!file->handles[i].used) {
			file->handles[i] = (struct handle){ 1, size, dmabuf };
			return i;
		}
	return 0;
}

static uint32_t syncobj_new(struct file *file)
{
	for (uint32_t i = 1; i < MAX_HANDLES; i++)
		if (!file->syncobjs[i]) {
			file->syncobjs[i] = 1;
			return i;
		}
	return 0;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int core(struct file *file, unsigned nr, void *arg)
{
	switch (nr) {
	case NR(DRM_IOCTL_VERSION): {
		struct drm_version *v = arg;
		size_t n = strlen(file->driver);

		if (v->name && v->name_len >= n)
			memcpy(v->name, file->driver, n);
		v->name_len = n;
		return 0;
	}
	case NR(DRM_IOCTL_GEM_CLOSE): {
		struct drm_gem_close *c = arg;

		if (c->handle >= MAX_HANDLES || !file->handles[c->handle].used)
			return fail(EINVAL);
		file->handles[c->handle].used = 0;
		return 0;
	}
	case NR(DRM_IOCTL_PRIME_HANDLE_TO_FD): {
		struct drm_prime_handle *p = arg;
		struct handle *h = &file->handles[p->handle];
		int fd = memfd_create("dmabuf", MFD_CLOEXEC);

		if (ftruncate(fd, (off_t)h->size))
			return fail(EINVAL);
		h->dmabuf = ino_of(fd);
		p->fd = fd;
		return 0;
	}
	case NR(DRM_IOCTL_PRIME_FD_TO_HANDLE): {
		struct drm_prime_handle *p = arg;
		ino_t ino = ino_of(p->fd);
		struct stat st;

		for (uint32_t i = 1; i < MAX_HANDLES; i++)
			if (file->handles[i].used && file->handles[i].dmabuf == ino) {
				p->handle = i;
				return 0;
			}
		fstat(p->fd, &st);
		p->handle = handle_new(file, (uint64_t)st.st_size, ino);
		return 0;
	}
	case NR(DRM_IOCTL_GEM_CHANGE_HANDLE): {
		struct drm_gem_change_handle *c = arg;

		file->handles[c->new_handle] = file->handles[c->handle];
		file->handles[c->handle].used = 0;
		return 0;
	}
	case NR(DRM_IOCTL_MODE_CREATE_DUMB): {
		struct drm_mode_create_dumb *d = arg;

		d->size = (uint64_t)d->width * d->height * d->bpp / 8;
		d->handle = handle_new(file, d->size, 0);
		return 0;
	}
	case NR(DRM_IOCTL_MODE_DESTROY_DUMB):
		file->handles[((struct drm_mode_destroy_dumb *)arg)->handle].used = 0;
		return 0;
	case NR(DRM_IOCTL_SYNCOBJ_CREATE):
		((struct drm_syncobj_create *)arg)->handle = syncobj_new(file);
		return 0;
	case NR(DRM_IOCTL_SYNCOBJ_DESTROY): {
		struct drm_syncobj_destroy *d = arg;

		if (d->handle >= MAX_HANDLES || !file->syncobjs[d->handle])
			return fail(EINVAL);
		file->syncobjs[d->handle] = 0;
		return 0;
	}
	case NR(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD):
		((struct drm_syncobj_handle *)arg)->fd = memfd_create("syncobj_file", MFD_CLOEXEC);
		return 0;
	case NR(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE): {
		struct drm_syncobj_handle *h = arg;

		if (!(h->flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE))
			h->handle = syncobj_new(file);
		return 0;
	}
	case NR(DRM_IOCTL_SYNCOBJ_WAIT):
		return ((struct drm_syncobj_wait *)arg)->timeout_nsec < 0 ? fail(ETIME) : 0;
	default:
		return 0;
	}
}

static int msm(struct file *file, unsigned nr, void *arg)
{
	switch (nr) {
	case NR(DRM_IOCTL_MSM_GEM_NEW): {
		struct drm_msm_gem_new *n = arg;

		if (!n->size)
			return fail(EINVAL);
		n->handle = handle_new(file, n->size, 0);
		return 0;
	}
	case NR(DRM_IOCTL_MSM_GEM_CPU_PREP): {
		struct drm_msm_gem_cpu_prep *p = arg;

		return p->op & MSM_PREP_NOSYNC && p->handle % 2 ? fail(EBUSY) : 0;
	}
	case NR(DRM_IOCTL_MSM_GEM_SUBMIT):
		((struct drm_msm_gem_submit *)arg)->fence = ++file->fence;
		return 0;
	case NR(DRM_IOCTL_MSM_SUBMITQUEUE_NEW):
		((struct drm_msm_submitqueue *)arg)->id = ++file->last_id;
		return 0;
	default:
		return nr - DRM_COMMAND_BASE > 0x20 ? fail(EINVAL) : 0;
	}
}

static int nouveau(struct file *file, unsigned nr, void *arg)
{
	switch (nr) {
	case NR(DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC): {
		struct drm_nouveau_channel_alloc *c = arg;

		c->channel = (int)file->last_id++;
		c->notifier_handle = handle_new(file, 4096, 0);
		return 0;
	}
	case NR(DRM_IOCTL_NOUVEAU_GEM_NEW): {
		struct drm_nouveau_gem_new *n = arg;

		n->info.handle = handle_new(file, n->info.size, 0);
		n->info.domain = NOUVEAU_GEM_DOMAIN_VRAM;
		return 0;
	}
	case NR(DRM_IOCTL_NOUVEAU_GEM_CPU_PREP): {
		struct drm_nouveau_gem_cpu_prep *p = arg;

		return p->flags & NOUVEAU_GEM_CPU_PREP_NOWAIT && p->handle % 2 ? fail(EBUSY) : 0;
	}
	default:
		return 0;
	}
}

static int xe(struct file *file, unsigned nr, void *arg)
{
	switch (nr) {
	case NR(DRM_IOCTL_XE_GEM_CREATE): {
		struct drm_xe_gem_create *g = arg;

		g->handle = handle_new(file, g->size, 0);
		return 0;
	}
	case NR(DRM_IOCTL_XE_VM_CREATE):
		((struct drm_xe_vm_create *)arg)->vm_id = ++file->last_id;
		return 0;
	case NR(DRM_IOCTL_XE_EXEC_QUEUE_CREATE):
		((struct drm_xe_exec_queue_create *)arg)->exec_queue_id = ++file->last_id;
		return 0;
	default:
		return 0;
	}
}

static int panthor(struct file *file, unsigned nr, void *arg)
{
	switch (nr) {
	case NR(DRM_IOCTL_PANTHOR_BO_CREATE): {
		struct drm_panthor_bo_create *b = arg;

		b->handle = handle_new(file, b->size, 0);
		return 0;
	}
	case NR(DRM_IOCTL_PANTHOR_VM_CREATE): {
		struct drm_panthor_vm_create *v = arg;

		v->id = ++file->last_id;
		v->user_va_range = 1ull << 47;
		return 0;
	}
	case NR(DRM_IOCTL_PANTHOR_VM_BIND): {
		struct drm_panthor_vm_bind *b = arg;

		for (unsigned i = 0; i < b->ops.count; i++) {
			struct drm_panthor_vm_bind_op *op = (void *)(uintptr_t)(b->ops.array + i * b->ops.stride);

			if (op->bo_handle && !file->handles[op->bo_handle].used) {
				b->ops.count = i;
				return fail(EINVAL);
			}
		}
		return 0;
	}
	case NR(DRM_IOCTL_PANTHOR_GROUP_CREATE):
		((struct drm_panthor_group_create *)arg)->group_handle = ++file->last_id;
		return 0;
	case NR(DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE):
		((struct drm_panthor_tiler_heap_create *)arg)->handle = ++file->last_id;
		return 0;
	default:
		return 0;
	}
}

static int powervr(struct file *file, unsigned nr, void *arg)
{
	switch (nr) {
	case NR(DRM_IOCTL_PVR_CREATE_BO): {
		struct drm_pvr_ioctl_create_bo_args *b = arg;

		b->handle = handle_new(file, b->size, 0);
		return 0;
	}
	case NR(DRM_IOCTL_PVR_CREATE_VM_CONTEXT):
		((struct drm_pvr_ioctl_create_vm_context_args *)arg)->handle = ++file->last_id;
		return 0;
	case NR(DRM_IOCTL_PVR_CREATE_CONTEXT):
		((struct drm_pvr_ioctl_create_context_args *)arg)->handle = ++file->last_id;
		return 0;
	case NR(DRM_IOCTL_PVR_CREATE_FREE_LIST):
		((struct drm_pvr_ioctl_create_free_list_args *)arg)->handle = ++file->last_id;
		return 0;
	case NR(DRM_IOCTL_PVR_CREATE_HWRT_DATASET):
		((struct drm_pvr_ioctl_create_hwrt_dataset_args *)arg)->handle = ++file->last_id;
		return 0;
	default:
		return 0;
	}
}

static int answer(struct file *file, unsigned nr, void *arg)
{
	static const struct {
		const char *driver;
		int (*answer)(struct file *, unsigned, void *);
	} known[] = { { "msm", msm }, { "nouveau", nouveau }, { "xe", xe }, { "panthor", panthor }, { "powervr", powervr } };

	if (nr < DRM_COMMAND_BASE || nr >= DRM_COMMAND_END)
		return core(file, nr, arg);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (!strcmp(known[i].driver, file->driver))
			return known[i].answer(file, nr, arg);
	return 0;
}

SHOWN int ioctl(int fd, unsigned long request, ...)
{
	int (*real)(int, unsigned long, ...) = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	ino_t ino = _IOC_TYPE(request) == 'd' ? ino_of(fd) : 0;
	va_list list;

	va_start(list, request);
	void *arg = va_arg(list, void *);
	va_end(list);
	for (unsigned i = 0; ino && i < file_count; i++)
		if (files[i].ino == ino) {
			pthread_mutex_lock(&lock);
			int result = answer(&files[i], _IOC_NR(request), arg);
			int saved = errno;
			pthread_mutex_unlock(&lock);
			errno = saved;
			return result;
		}
	return real(fd, request, arg);
}
