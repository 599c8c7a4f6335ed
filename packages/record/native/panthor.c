/* panthor */
#include "record.h"

#include <string.h>

#include <linux/types.h>
#define __user
#include "uapi/panthor_drm.h"

#define NR(request) _IOC_NR(request)
#define LONGEST_LABEL 256

/* What one operation or command buffer waits for and signals. */
static void sync_list(bool first, const struct drm_panthor_obj_array *syncs)
{
	struct drm_panthor_sync_op sync;

	put_comma(first);
	put_raw("[");
	for (unsigned i = 0; i < syncs->count; i++) {
		element(&sync, sizeof sync, syncs->array, i, syncs->stride);
		bool timeline = (sync.flags & DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_MASK) == DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ;
		put_sync(i == 0, sync.flags & (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL ? "signal" : "wait", sync.handle,
			 timeline ? sync.timeline_value : 0);
	}
	put_raw("]");
}

static enum decoded vm_bind(const struct drm_call *call)
{
	const struct drm_panthor_vm_bind *b = (const void *)call->in, *o = (const void *)call->out;
	bool async = b->flags & DRM_PANTHOR_VM_BIND_ASYNC;
	struct drm_panthor_vm_bind_op op;
	/* A synchronous bind stops at the first operation that fails; those before it are done (panthor_ioctl_vm_bind_sync). */
	unsigned done = !call->result ? b->ops.count : async || o->ops.count >= b->ops.count ? 0 : o->ops.count;

	size_t syncs = 0;

	if (call->result && !done)
		return REFUSED;
	for (unsigned i = 0; i < done; i++) {
		element(&op, sizeof op, b->ops.array, i, b->ops.stride);
		syncs += op.syncs.count;
	}
	if (!event(call, "vm_bind", 1 + done + syncs))
		return call->result ? REFUSED : EVENT;
	put_u64("vm", b->vm_id);
	put_u64("async", async);
	put_raw(",\"ops\":[");
	for (unsigned i = 0; i < done; i++) {
		element(&op, sizeof op, b->ops.array, i, b->ops.stride);
		unsigned type = op.flags >> 28;
		uint32_t flags = op.flags & 0x0fffffff;

		put_bind(i == 0, type == 0 ? "map" : type == 1 ? "unmap" : "sync", type == 0 ? op.bo_handle : 0, op.bo_offset,
			 op.va, op.size, flags, -1);
	}
	put_raw("]");
	if (syncs) {
		put_raw(",\"sync_ops\":[");
		for (unsigned i = 0; i < done; i++) {
			element(&op, sizeof op, b->ops.array, i, b->ops.stride);
			sync_list(i == 0, &op.syncs);
		}
		put_raw("]");
	}
	line_end();
	return call->result ? REFUSED : EVENT;
}

static enum decoded group_submit(const struct drm_call *call)
{
	const struct drm_panthor_group_submit *s = (const void *)call->in;
	struct drm_panthor_queue_submit submit;
	uint64_t syncs = 0;

	if (call->result)
		return REFUSED;
	for (unsigned i = 0; i < s->queue_submits.count; i++) {
		element(&submit, sizeof submit, s->queue_submits.array, i, s->queue_submits.stride);
		syncs += submit.syncs.count;
	}
	if (!event(call, "exec", 1 + s->queue_submits.count + syncs))
		return EVENT;
	put_u64("queue", s->group_handle);
	put_raw(",\"push\":[");
	for (unsigned i = 0; i < s->queue_submits.count; i++) {
		element(&submit, sizeof submit, s->queue_submits.array, i, s->queue_submits.stride);
		put_comma(i == 0);
		put_raw("[");
		put_number(page_if_large(submit.stream_addr));
		put_raw(",");
		put_number(submit.stream_size);
		put_raw(",");
		put_number(submit.queue_index);
		put_raw("]");
	}
	put_raw("]");
	put_u64("syncs", syncs);
	if (syncs) {
		put_raw(",\"sync_ops\":[");
		for (unsigned i = 0; i < s->queue_submits.count; i++) {
			element(&submit, sizeof submit, s->queue_submits.array, i, s->queue_submits.stride);
			sync_list(i == 0, &submit.syncs);
		}
		put_raw("]");
	}
	line_end();
	return EVENT;
}

static enum decoded heap_create(const struct drm_call *call)
{
	const struct drm_panthor_tiler_heap_create *h = (const void *)call->in, *o = (const void *)call->out;

	if (call->result)
		return REFUSED;
	if (event(call, "heap_create", 0)) {
		put_u64("vm", h->vm_id);
		put_u64("id", o->handle);
		put_u64("chunk", h->chunk_size);
		put_u64("init", h->initial_chunk_count);
		put_u64("max", h->max_chunks);
		line_end();
	}
	return EVENT;
}

static enum decoded bo_create(const struct drm_call *call)
{
	const struct drm_panthor_bo_create *b = (const void *)call->in, *o = (const void *)call->out;

	if (call->result)
		return REFUSED;
	if (event(call, "gem_new", 0)) {
		put_u64("bo", o->handle);
		put_u64("size", b->size);
		put_u64("flags", b->flags);
		if (b->exclusive_vm_id)
			put_u64("vm", b->exclusive_vm_id);
		line_end();
	}
	return EVENT;
}

enum decoded panthor(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	switch (call->nr) {
	case NR(DRM_IOCTL_PANTHOR_DEV_QUERY):
	case NR(DRM_IOCTL_PANTHOR_VM_GET_STATE):
	case NR(DRM_IOCTL_PANTHOR_GROUP_GET_STATE):
	case NR(DRM_IOCTL_PANTHOR_SET_USER_MMIO_OFFSET):
	case NR(DRM_IOCTL_PANTHOR_BO_SYNC):
	case NR(DRM_IOCTL_PANTHOR_BO_QUERY_INFO):
		return EVENT;
	case NR(DRM_IOCTL_PANTHOR_VM_CREATE):
		if (call->result)
			return REFUSED;
		if (event(call, "vm_create", 0)) {
			/* The kernel answers with the range that it granted. */
			put_u64("vm", ((const struct drm_panthor_vm_create *)out)->id);
			put_address("va_range", ((const struct drm_panthor_vm_create *)out)->user_va_range);
			line_end();
		}
		return EVENT;
	case NR(DRM_IOCTL_PANTHOR_VM_DESTROY):
		return one_number(call, "vm_destroy", "vm", ((const struct drm_panthor_vm_destroy *)in)->id);
	case NR(DRM_IOCTL_PANTHOR_VM_BIND):
		return vm_bind(call);
	case NR(DRM_IOCTL_PANTHOR_BO_CREATE):
		return bo_create(call);
	case NR(DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET):
		return one_number(call, "cpu_map", "bo", ((const struct drm_panthor_bo_mmap_offset *)in)->handle);
	case NR(DRM_IOCTL_PANTHOR_GROUP_CREATE): {
		const struct drm_panthor_group_create *g = in;

		if (call->result)
			return REFUSED;
		if (event(call, "queue_new", 0)) {
			put_u64("queue", ((const struct drm_panthor_group_create *)out)->group_handle);
			put_u64("vm", g->vm_id);
			put_u64("queues", g->queues.count);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_PANTHOR_GROUP_DESTROY):
		return one_number(call, "queue_close", "queue", ((const struct drm_panthor_group_destroy *)in)->group_handle);
	case NR(DRM_IOCTL_PANTHOR_GROUP_SUBMIT):
		return group_submit(call);
	case NR(DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE):
		return heap_create(call);
	case NR(DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY):
		return one_number(call, "heap_destroy", "id", ((const struct drm_panthor_tiler_heap_destroy *)in)->handle);
	case NR(DRM_IOCTL_PANTHOR_BO_SET_LABEL): {
		const struct drm_panthor_bo_set_label *l = in;
		const char *label = (const char *)(uintptr_t)l->label;

		if (call->result)
			return REFUSED;
		if (event(call, "set_name", 3)) {
			put_u64("bo", l->handle);
			put_string("name", label ? label : "", label ? strnlen(label, LONGEST_LABEL) : 0);
			line_end();
		}
		return EVENT;
	}
	default:
		return UNKNOWN;
	}
}
