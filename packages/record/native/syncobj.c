/* Requests about syncobjs, which every DRM driver has. */
#include "record.h"

#include <errno.h>

#include <linux/types.h>
#define __user
#include "uapi/drm.h"

#define NR(request) _IOC_NR(request)
/* Deadlines are advice to the driver. */
#define WAIT_FLAGS (DRM_SYNCOBJ_WAIT_FLAGS_WAIT_ALL | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT | DRM_SYNCOBJ_WAIT_FLAGS_WAIT_AVAILABLE)

void put_sync(bool first, const char *kind, uint32_t handle, uint64_t point)
{
	put_comma(first);
	put_raw("[\"");
	put_raw(kind);
	put_raw("\",");
	put_number(handle);
	if (point) {
		put_raw(",");
		put_number(page_if_large(point));
	}
	put_raw("]");
}

/* Handles, and where there are any their points. */
static void arrays(uint64_t handles, uint64_t points, uint32_t count)
{
	uint32_t handle;
	uint64_t point;

	put_raw(",\"syncobjs\":[");
	for (uint32_t i = 0; i < count; i++) {
		element(&handle, sizeof handle, handles, i, sizeof handle);
		put_comma(i == 0);
		put_number(handle);
	}
	put_raw("]");
	if (!points)
		return;
	put_raw(",\"points\":[");
	for (uint32_t i = 0; i < count; i++) {
		element(&point, sizeof point, points, i, sizeof point);
		put_comma(i == 0);
		put_number(page_if_large(point));
	}
	put_raw("]");
}

static enum decoded list(const struct drm_call *call, const char *op, uint64_t handles, uint64_t points, uint32_t count)
{
	if (call->result)
		return REFUSED;
	if (event(call, op, count)) {
		arrays(handles, points, count);
		line_end();
	}
	return EVENT;
}

static enum decoded wait(const struct drm_call *call, uint64_t handles, uint64_t points, uint32_t count, uint32_t flags)
{
	/* Its time was up: a question, whose answer changes nothing. */
	if (call->result)
		return call->error == ETIME ? EVENT : REFUSED;
	if (event(call, "syncobj_wait", count)) {
		arrays(handles, points, count);
		put_u64("flags", flags & WAIT_FLAGS);
		line_end();
	}
	return EVENT;
}

static enum decoded create(const struct drm_call *call)
{
	const struct drm_syncobj_create *c = (const void *)call->in, *o = (const void *)call->out;

	if (call->result)
		return REFUSED;
	if (event(call, "syncobj_create", 0)) {
		put_u64("syncobj", o->handle);
		if (c->flags & DRM_SYNCOBJ_CREATE_SIGNALED)
			put_u64("signaled", 1);
		line_end();
	}
	return EVENT;
}

static enum decoded transfer(const struct drm_call *call)
{
	const struct drm_syncobj_transfer *t = (const void *)call->in;

	if (call->result)
		return REFUSED;
	if (event(call, "syncobj_transfer", 0)) {
		put_u64("src", t->src_handle);
		if (t->src_point)
			put_address("src_point", t->src_point);
		put_u64("dst", t->dst_handle);
		if (t->dst_point)
			put_address("dst_point", t->dst_point);
		if (t->flags)
			put_u64("flags", t->flags);
		line_end();
	}
	return EVENT;
}

/* `fd` is the descriptor's own number here; the reader of the log gives it one that is used once. */
static enum decoded descriptor(const struct drm_call *call, const char *op, uint32_t handle, int fd, bool sync_file, uint64_t point)
{
	if (call->result)
		return REFUSED;
	if (event(call, op, 0)) {
		put_u64("syncobj", handle);
		put_u64("fd", (uint32_t)fd);
		if (sync_file)
			put_u64("sync_file", 1);
		if (point)
			put_address("point", point);
		line_end();
	}
	return EVENT;
}

enum decoded drm_syncobj(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	switch (call->nr) {
	case NR(DRM_IOCTL_SYNCOBJ_CREATE):
		return create(call);
	case NR(DRM_IOCTL_SYNCOBJ_DESTROY):
		return one_number(call, "syncobj_destroy", "syncobj", ((const struct drm_syncobj_destroy *)in)->handle);
	case NR(DRM_IOCTL_SYNCOBJ_RESET): {
		const struct drm_syncobj_array *a = in;

		return list(call, "syncobj_reset", a->handles, 0, a->count_handles);
	}
	case NR(DRM_IOCTL_SYNCOBJ_SIGNAL): {
		const struct drm_syncobj_array *a = in;

		return list(call, "syncobj_signal", a->handles, 0, a->count_handles);
	}
	case NR(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL): {
		const struct drm_syncobj_timeline_array *a = in;

		return list(call, "syncobj_signal", a->handles, a->points, a->count_handles);
	}
	case NR(DRM_IOCTL_SYNCOBJ_WAIT): {
		const struct drm_syncobj_wait *w = in;

		return wait(call, w->handles, 0, w->count_handles, w->flags);
	}
	case NR(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT): {
		const struct drm_syncobj_timeline_wait *w = in;

		return wait(call, w->handles, w->points, w->count_handles, w->flags);
	}
	case NR(DRM_IOCTL_SYNCOBJ_TRANSFER):
		return transfer(call);
	case NR(DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD): {
		const struct drm_syncobj_handle *h = in;
		int fd = ((const struct drm_syncobj_handle *)out)->fd;

		if (!call->result)
			fd_shared(fd);
		return descriptor(call, "syncobj_export", h->handle, fd, h->flags & DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
				  h->point);
	}
	case NR(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE): {
		const struct drm_syncobj_handle *h = in;

		return descriptor(call, "syncobj_import", ((const struct drm_syncobj_handle *)out)->handle, h->fd,
				  h->flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE, h->point);
	}
	default:
		return UNKNOWN;
	}
}
