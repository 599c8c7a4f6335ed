/* Requests that every DRM driver has. */
#include "record.h"

#include <linux/types.h>
#define __user
#include "uapi/drm.h"
#include "uapi/msm_drm.h"
#include "uapi/nouveau_drm.h"
#include "uapi/panthor_drm.h"
#include "uapi/pvr_drm.h"
#include "uapi/xe_drm.h"

#define NR(request) _IOC_NR(request)

bool gives_back(const struct drm_file *file, unsigned nr)
{
	switch (nr) {
	case NR(DRM_IOCTL_GEM_CLOSE):
	case NR(DRM_IOCTL_GEM_CHANGE_HANDLE):
	case NR(DRM_IOCTL_MODE_DESTROY_DUMB):
	case NR(DRM_IOCTL_SYNCOBJ_DESTROY):
		return true;
	}
	switch (file->driver) {
	case DRIVER_MSM:
		return nr == NR(DRM_IOCTL_MSM_SUBMITQUEUE_CLOSE);
	case DRIVER_NOUVEAU:
		return nr == NR(DRM_IOCTL_NOUVEAU_CHANNEL_FREE);
	case DRIVER_XE:
		return nr == NR(DRM_IOCTL_XE_VM_DESTROY) || nr == NR(DRM_IOCTL_XE_EXEC_QUEUE_DESTROY);
	case DRIVER_PANTHOR:
		return nr == NR(DRM_IOCTL_PANTHOR_VM_DESTROY) || nr == NR(DRM_IOCTL_PANTHOR_GROUP_DESTROY) ||
		       nr == NR(DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY);
	case DRIVER_POWERVR:
		return nr == NR(DRM_IOCTL_PVR_DESTROY_VM_CONTEXT) || nr == NR(DRM_IOCTL_PVR_DESTROY_CONTEXT) ||
		       nr == NR(DRM_IOCTL_PVR_DESTROY_FREE_LIST);
	default:
		return false;
	}
}

/* Asks nothing of a buffer: names and abilities of the device, who is master, what a screen shows. */
static bool harmless(unsigned nr)
{
	switch (nr) {
	case NR(DRM_IOCTL_GET_CAP):
	case NR(DRM_IOCTL_SET_CLIENT_CAP):
	case NR(DRM_IOCTL_SET_UNIQUE):
	case NR(DRM_IOCTL_AUTH_MAGIC):
	case NR(DRM_IOCTL_SET_MASTER):
	case NR(DRM_IOCTL_DROP_MASTER):
	case NR(DRM_IOCTL_WAIT_VBLANK):
	case NR(DRM_IOCTL_CRTC_GET_SEQUENCE):
	case NR(DRM_IOCTL_CRTC_QUEUE_SEQUENCE):
	case NR(DRM_IOCTL_SYNCOBJ_QUERY):
	case NR(DRM_IOCTL_SYNCOBJ_EVENTFD):
		return true;
	/* These make buffers, or handles of buffers. */
	case NR(DRM_IOCTL_MODE_GETFB):
	case NR(DRM_IOCTL_MODE_GETFB2):
	case NR(DRM_IOCTL_MODE_CREATE_DUMB):
	case NR(DRM_IOCTL_MODE_MAP_DUMB):
	case NR(DRM_IOCTL_MODE_DESTROY_DUMB):
		return false;
	}
	/* The device's name and the like; mode setting. */
	return nr <= NR(DRM_IOCTL_MODESET_CTL) ||
	       (nr >= NR(DRM_IOCTL_MODE_GETRESOURCES) && nr <= NR(DRM_IOCTL_SET_CLIENT_NAME));
}

static bool syncobj(unsigned nr)
{
	return (nr >= NR(DRM_IOCTL_SYNCOBJ_CREATE) && nr <= NR(DRM_IOCTL_SYNCOBJ_SIGNAL)) ||
	       nr == NR(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT) || nr == NR(DRM_IOCTL_SYNCOBJ_TRANSFER) ||
	       nr == NR(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL);
}

static enum decoded import(const struct drm_call *call, uint32_t handle, int64_t size)
{
	if (event(call, "prime_import", 0)) {
		put_u64("bo", handle);
		put_u64("size", size > 0 ? (uint64_t)size : 0);
		line_end();
	}
	return EVENT;
}

enum decoded drm_core(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	if (syncobj(call->nr))
		return drm_syncobj(call);
	if (harmless(call->nr))
		return EVENT;
	switch (call->nr) {
	case NR(DRM_IOCTL_GEM_CLOSE):
		return one_number(call, "gem_close", "bo", ((const struct drm_gem_close *)in)->handle);
	case NR(DRM_IOCTL_GEM_OPEN): {
		const struct drm_gem_open *o = out;

		if (call->result)
			return REFUSED;
		return import(call, o->handle, (int64_t)o->size);
	}
	case NR(DRM_IOCTL_GEM_FLINK):
		return one_number(call, "prime_export", "bo", ((const struct drm_gem_flink *)in)->handle);
	case NR(DRM_IOCTL_GEM_CHANGE_HANDLE): {
		const struct drm_gem_change_handle *c = in;

		if (call->result)
			return REFUSED;
		if (event(call, "change_handle", 0)) {
			put_u64("bo", c->handle);
			put_u64("to", c->new_handle);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_PRIME_HANDLE_TO_FD):
		return one_number(call, "prime_export", "bo", ((const struct drm_prime_handle *)in)->handle);
	case NR(DRM_IOCTL_PRIME_FD_TO_HANDLE):
		if (call->result)
			return REFUSED;
		return import(call, ((const struct drm_prime_handle *)out)->handle,
			      real_size(((const struct drm_prime_handle *)in)->fd));
	case NR(DRM_IOCTL_MODE_CREATE_DUMB): {
		const struct drm_mode_create_dumb *d = out;

		if (call->result)
			return REFUSED;
		if (event(call, "gem_new", 0)) {
			put_u64("bo", d->handle);
			put_u64("size", d->size);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_MODE_MAP_DUMB):
		return one_number(call, "cpu_map", "bo", ((const struct drm_mode_map_dumb *)in)->handle);
	case NR(DRM_IOCTL_MODE_DESTROY_DUMB):
		return one_number(call, "gem_close", "bo", ((const struct drm_mode_destroy_dumb *)in)->handle);
	default:
		return UNKNOWN;
	}
}
