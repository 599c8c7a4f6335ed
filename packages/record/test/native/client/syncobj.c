#include "client.h"

uint32_t syncobj_new(int fd, uint32_t flags)
{
	struct drm_syncobj_create c = { .flags = flags };

	ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &c);
	return c.handle;
}

static int export(int fd, uint32_t handle, uint32_t flags)
{
	struct drm_syncobj_handle h = { .handle = handle, .flags = flags };

	ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &h);
	return h.fd;
}

static uint32_t import(int fd, int from, uint32_t handle, uint32_t flags)
{
	struct drm_syncobj_handle h = { .handle = handle, .flags = flags, .fd = from };

	ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &h);
	return h.handle;
}

/* Every request about syncobjs; descriptors of them go from file to file, are copied, and end. */
void syncobjs(int fd)
{
	uint32_t a = syncobj_new(fd, 0), b = syncobj_new(fd, DRM_SYNCOBJ_CREATE_SIGNALED), both[] = { a, b };
	uint64_t points[] = { 3, 0 };

	struct drm_syncobj_timeline_array signal = { .handles = POINTER(both), .points = POINTER(points), .count_handles = 2 };
	ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &signal);
	ioctl(fd, DRM_IOCTL_SYNCOBJ_QUERY, &signal);
	struct drm_syncobj_timeline_wait point = { .handles = POINTER(both), .points = POINTER(points), .count_handles = 1,
						   .flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_DEADLINE };
	ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &point);
	struct drm_syncobj_array second = { .handles = POINTER(&b), .count_handles = 1 };
	ioctl(fd, DRM_IOCTL_SYNCOBJ_RESET, &second);
	struct drm_syncobj_wait wait = { .handles = POINTER(both), .count_handles = 2 };
	ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
	/* The stand-in's clock is behind: its time is up. */
	wait.timeout_nsec = -1;
	ioctl(fd, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
	struct drm_syncobj_transfer t = { .src_handle = a, .src_point = 3, .dst_handle = b };
	ioctl(fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &t);
	ioctl(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &second);
	int whole = export(fd, a, 0), copy = dup(whole), fence = export(fd, b, DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE);
	int other = open("/dev/dri/standin-msm", O_RDWR);
	uint32_t c = import(other, copy, 0, 0);
	import(other, fence, c, DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE);
	close(whole);
	close(fence);
	/* A descriptor of the same number, of something else. */
	int foreign = open("/dev/null", O_RDONLY);
	import(other, foreign, 0, 0);
	import(other, copy, 0, 0);
	struct drm_syncobj_destroy d = { .handle = a };
	ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &d);
	ioctl(fd, DRM_IOCTL_SYNCOBJ_DESTROY, &d);
	/* Its handle is given out again. */
	syncobj_new(fd, 0);
	close(other);
}
