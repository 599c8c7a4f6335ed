/* powervr */
#include "record.h"

#include <linux/types.h>
#define __user
#include "uapi/pvr_drm.h"

#define NR(request) _IOC_NR(request)

static enum decoded vm_map(const struct drm_call *call)
{
	const struct drm_pvr_ioctl_vm_map_args *m = (const void *)call->in;

	if (call->result)
		return REFUSED;
	if (event(call, "vm_bind", 2)) {
		put_u64("vm", m->vm_context_handle);
		put_raw(",\"ops\":[");
		put_bind(true, "map", m->handle, m->offset, m->device_addr, m->size, m->flags, -1);
		put_raw("]");
		line_end();
	}
	return EVENT;
}

static enum decoded vm_unmap(const struct drm_call *call)
{
	const struct drm_pvr_ioctl_vm_unmap_args *u = (const void *)call->in;

	if (call->result)
		return REFUSED;
	if (event(call, "vm_bind", 2)) {
		put_u64("vm", u->vm_context_handle);
		put_raw(",\"ops\":[");
		put_bind(true, "unmap", 0, 0, u->device_addr, u->size, 0, -1);
		put_raw("]");
		line_end();
	}
	return EVENT;
}

/* What one job waits for and signals. */
static void sync_list(bool first, const struct drm_pvr_obj_array *syncs)
{
	struct drm_pvr_sync_op sync;

	put_comma(first);
	put_raw("[");
	for (unsigned i = 0; i < syncs->count; i++) {
		element(&sync, sizeof sync, syncs->array, i, syncs->stride);
		bool timeline = (sync.flags & DRM_PVR_SYNC_OP_FLAG_HANDLE_TYPE_MASK) == DRM_PVR_SYNC_OP_FLAG_HANDLE_TYPE_TIMELINE_SYNCOBJ;
		put_sync(i == 0, sync.flags & DRM_PVR_SYNC_OP_FLAG_SIGNAL ? "signal" : "wait", sync.handle, timeline ? sync.value : 0);
	}
	put_raw("]");
}

static enum decoded submit_jobs(const struct drm_call *call)
{
	const struct drm_pvr_ioctl_submit_jobs_args *s = (const void *)call->in;
	struct drm_pvr_job job;
	size_t syncs = 0;

	if (call->result)
		return REFUSED;
	for (unsigned i = 0; i < s->jobs.count; i++) {
		element(&job, sizeof job, s->jobs.array, i, s->jobs.stride);
		syncs += job.sync_ops.count;
	}
	if (!event(call, "exec", 1 + s->jobs.count + syncs))
		return EVENT;
	put_raw(",\"jobs\":[");
	for (unsigned i = 0; i < s->jobs.count; i++) {
		element(&job, sizeof job, s->jobs.array, i, s->jobs.stride);
		put_comma(i == 0);
		put_raw("[");
		put_number(job.type);
		put_raw(",");
		put_number(job.context_handle);
		put_raw(",");
		put_number(job.sync_ops.count);
		put_raw("]");
	}
	put_raw("]");
	if (syncs) {
		put_raw(",\"sync_ops\":[");
		for (unsigned i = 0; i < s->jobs.count; i++) {
			element(&job, sizeof job, s->jobs.array, i, s->jobs.stride);
			sync_list(i == 0, &job.sync_ops);
		}
		put_raw("]");
	}
	line_end();
	return EVENT;
}

static enum decoded create_free_list(const struct drm_call *call)
{
	const struct drm_pvr_ioctl_create_free_list_args *l = (const void *)call->in, *o = (const void *)call->out;

	if (call->result)
		return REFUSED;
	if (event(call, "free_list_create", 0)) {
		put_u64("id", o->handle);
		put_address("va", l->free_list_gpu_addr);
		put_u64("init_pages", l->initial_num_pages);
		put_u64("max_pages", l->max_num_pages);
		put_u64("grow_pages", l->grow_num_pages);
		line_end();
	}
	return EVENT;
}

enum decoded powervr(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	switch (call->nr) {
	case NR(DRM_IOCTL_PVR_DEV_QUERY):
		return EVENT;
	case NR(DRM_IOCTL_PVR_CREATE_BO):
		if (call->result)
			return REFUSED;
		if (event(call, "gem_new", 0)) {
			put_u64("bo", ((const struct drm_pvr_ioctl_create_bo_args *)out)->handle);
			put_u64("size", ((const struct drm_pvr_ioctl_create_bo_args *)in)->size);
			put_u64("flags", ((const struct drm_pvr_ioctl_create_bo_args *)in)->flags);
			line_end();
		}
		return EVENT;
	case NR(DRM_IOCTL_PVR_GET_BO_MMAP_OFFSET):
		return one_number(call, "cpu_map", "bo", ((const struct drm_pvr_ioctl_get_bo_mmap_offset_args *)in)->handle);
	case NR(DRM_IOCTL_PVR_CREATE_VM_CONTEXT):
		return one_number(call, "vm_create", "vm", ((const struct drm_pvr_ioctl_create_vm_context_args *)out)->handle);
	case NR(DRM_IOCTL_PVR_DESTROY_VM_CONTEXT):
		return one_number(call, "vm_destroy", "vm", ((const struct drm_pvr_ioctl_destroy_vm_context_args *)in)->handle);
	case NR(DRM_IOCTL_PVR_VM_MAP):
		return vm_map(call);
	case NR(DRM_IOCTL_PVR_VM_UNMAP):
		return vm_unmap(call);
	case NR(DRM_IOCTL_PVR_CREATE_CONTEXT): {
		const struct drm_pvr_ioctl_create_context_args *c = in;

		if (call->result)
			return REFUSED;
		if (event(call, "queue_new", 0)) {
			put_u64("queue", ((const struct drm_pvr_ioctl_create_context_args *)out)->handle);
			put_u64("vm", c->vm_context_handle);
			put_u64("class", c->type);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_PVR_DESTROY_CONTEXT):
		return one_number(call, "queue_close", "queue", ((const struct drm_pvr_ioctl_destroy_context_args *)in)->handle);
	case NR(DRM_IOCTL_PVR_CREATE_FREE_LIST):
		return create_free_list(call);
	case NR(DRM_IOCTL_PVR_CREATE_HWRT_DATASET): {
		const struct drm_pvr_ioctl_create_hwrt_dataset_args *h = in;

		if (call->result)
			return REFUSED;
		if (event(call, "hwrt_create", 0)) {
			put_u64("id", ((const struct drm_pvr_ioctl_create_hwrt_dataset_args *)out)->handle);
			put_u64("w", h->width);
			put_u64("h", h->height);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_PVR_SUBMIT_JOBS):
		return submit_jobs(call);
	default:
		return UNKNOWN;
	}
}
