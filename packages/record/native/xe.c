/* xe */
#include "record.h"

#include <linux/types.h>
#define __user
#include "uapi/xe_drm.h"

#define NR(request) _IOC_NR(request)

static void bind_op(bool first, const struct drm_xe_vm_bind_op *op)
{
	static const char *const kinds[] = {
		[DRM_XE_VM_BIND_OP_MAP] = "map",	     [DRM_XE_VM_BIND_OP_UNMAP] = "unmap",
		[DRM_XE_VM_BIND_OP_MAP_USERPTR] = "map_userptr", [DRM_XE_VM_BIND_OP_UNMAP_ALL] = "unmap_all",
		[DRM_XE_VM_BIND_OP_PREFETCH] = "prefetch",
	};
	bool has_bo = op->op == DRM_XE_VM_BIND_OP_MAP || op->op == DRM_XE_VM_BIND_OP_UNMAP_ALL;

	put_bind(first, op->op < 5 ? kinds[op->op] : "?", has_bo ? op->obj : 0, op->obj_offset, op->addr, op->range, op->flags,
		 op->pat_index);
}

static void put_user_fence(bool first, uint64_t address, uint64_t value)
{
	put_comma(first);
	put_raw("[\"user_fence\",");
	put_number(page_if_large(address));
	put_raw(",");
	put_number(page_if_large(value));
	put_raw("]");
}

/* What a call waits for and signals: syncobjs, and words of memory that are written (user fences). */
static void sync_ops(uint64_t syncs, unsigned count)
{
	struct drm_xe_sync sync;

	if (!count)
		return;
	put_raw(",\"sync_ops\":[[");
	for (unsigned i = 0; i < count; i++) {
		element(&sync, sizeof sync, syncs, i, sizeof sync);
		if (sync.type == DRM_XE_SYNC_TYPE_USER_FENCE)
			put_user_fence(i == 0, sync.addr, sync.timeline_value);
		else
			put_sync(i == 0, sync.flags & DRM_XE_SYNC_FLAG_SIGNAL ? "signal" : "wait", sync.handle,
				 sync.type == DRM_XE_SYNC_TYPE_TIMELINE_SYNCOBJ ? sync.timeline_value : 0);
	}
	put_raw("]]");
}

static enum decoded vm_bind(const struct drm_call *call)
{
	const struct drm_xe_vm_bind *b = (const void *)call->in;
	struct drm_xe_vm_bind_op op;

	if (call->result)
		return REFUSED;
	if (!event(call, "vm_bind", 1 + b->num_binds + b->num_syncs))
		return EVENT;
	put_u64("vm", b->vm_id);
	put_u64("queue", b->exec_queue_id);
	put_u64("syncs", b->num_syncs);
	put_raw(",\"ops\":[");
	for (unsigned i = 0; i < b->num_binds; i++) {
		if (b->num_binds == 1)
			op = b->bind;
		else
			element(&op, sizeof op, b->vector_of_binds, i, sizeof op);
		bind_op(i == 0, &op);
	}
	put_raw("]");
	sync_ops(b->syncs, b->num_syncs);
	line_end();
	return EVENT;
}

static enum decoded exec(const struct drm_call *call)
{
	const struct drm_xe_exec *e = (const void *)call->in;
	uint64_t address = e->address;

	if (call->result)
		return REFUSED;
	/* Several: an array of their addresses. The format has room for one. */
	if (e->num_batch_buffer > 1)
		element(&address, sizeof address, e->address, 0, sizeof address);
	if (event(call, "exec", 1 + e->num_syncs)) {
		put_u64("queue", e->exec_queue_id);
		put_u64("syncs", e->num_syncs);
		put_u64("batches", e->num_batch_buffer);
		put_address("addr", address);
		sync_ops(e->syncs, e->num_syncs);
		line_end();
	}
	return EVENT;
}

static enum decoded gem_create(const struct drm_call *call)
{
	const struct drm_xe_gem_create *g = (const void *)call->in, *o = (const void *)call->out;

	if (call->result)
		return REFUSED;
	if (event(call, "gem_new", 0)) {
		put_u64("bo", o->handle);
		put_u64("size", g->size);
		put_u64("flags", g->flags);
		put_u64("placement", g->placement);
		if (g->vm_id)
			put_u64("vm", g->vm_id);
		put_u64("cache", g->cpu_caching);
		line_end();
	}
	return EVENT;
}

enum decoded xe(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	switch (call->nr) {
	case NR(DRM_IOCTL_XE_DEVICE_QUERY):
	case NR(DRM_IOCTL_XE_EXEC_QUEUE_GET_PROPERTY):
	case NR(DRM_IOCTL_XE_EXEC_QUEUE_SET_PROPERTY):
	case NR(DRM_IOCTL_XE_WAIT_USER_FENCE):
	case NR(DRM_IOCTL_XE_OBSERVATION):
	case NR(DRM_IOCTL_XE_VM_QUERY_MEM_RANGE_ATTRS):
	case NR(DRM_IOCTL_XE_VM_GET_PROPERTY):
		return EVENT;
	case NR(DRM_IOCTL_XE_GEM_CREATE):
		return gem_create(call);
	case NR(DRM_IOCTL_XE_GEM_MMAP_OFFSET): {
		const struct drm_xe_gem_mmap_offset *m = in;

		/* The page of the barrier belongs to no buffer. */
		return m->flags & DRM_XE_MMAP_OFFSET_FLAG_PCI_BARRIER ? EVENT : one_number(call, "cpu_map", "bo", m->handle);
	}
	case NR(DRM_IOCTL_XE_VM_CREATE):
		if (call->result)
			return REFUSED;
		if (event(call, "vm_create", 0)) {
			put_u64("vm", ((const struct drm_xe_vm_create *)out)->vm_id);
			put_u64("flags", ((const struct drm_xe_vm_create *)in)->flags);
			line_end();
		}
		return EVENT;
	case NR(DRM_IOCTL_XE_VM_DESTROY):
		return one_number(call, "vm_destroy", "vm", ((const struct drm_xe_vm_destroy *)in)->vm_id);
	case NR(DRM_IOCTL_XE_VM_BIND):
		return vm_bind(call);
	case NR(DRM_IOCTL_XE_EXEC):
		return exec(call);
	case NR(DRM_IOCTL_XE_EXEC_QUEUE_CREATE): {
		const struct drm_xe_exec_queue_create *q = in;
		struct drm_xe_engine_class_instance engine = { 0 };

		if (call->result)
			return REFUSED;
		if (q->width && q->num_placements)
			element(&engine, sizeof engine, q->instances, 0, sizeof engine);
		if (event(call, "queue_new", 0)) {
			put_u64("queue", ((const struct drm_xe_exec_queue_create *)out)->exec_queue_id);
			put_u64("vm", q->vm_id);
			put_u64("class", engine.engine_class);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_XE_EXEC_QUEUE_DESTROY):
		return one_number(call, "queue_close", "queue", ((const struct drm_xe_exec_queue_destroy *)in)->exec_queue_id);
	default:
		return UNKNOWN;
	}
}
