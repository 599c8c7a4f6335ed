/* msm */
#include "record.h"

#include <errno.h>
#include <string.h>

#include <linux/types.h>
#define __user
#include "uapi/msm_drm.h"

#define NR(request) _IOC_NR(request)
#define LONGEST_NAME 64

static enum decoded gem_info(const struct drm_call *call)
{
	const struct drm_msm_gem_info *i = (const void *)call->in;
	const char *op = NULL;

	switch (i->info) {
	case MSM_INFO_GET_OFFSET:
		op = "cpu_map";
		break;
	case MSM_INFO_GET_IOVA:
		op = "get_iova";
		break;
	case MSM_INFO_SET_IOVA:
		op = "set_iova";
		break;
	case MSM_INFO_SET_NAME:
		op = "set_name";
		break;
	case MSM_INFO_GET_NAME:
	case MSM_INFO_GET_FLAGS:
	case MSM_INFO_SET_METADATA:
	case MSM_INFO_GET_METADATA:
		return EVENT;
	default:
		return UNKNOWN;
	}
	if (call->result)
		return REFUSED;
	if (!event(call, op, 2))
		return EVENT;
	put_u64("bo", i->handle);
	if (i->info == MSM_INFO_SET_IOVA)
		put_address("iova", i->value);
	if (i->info == MSM_INFO_SET_NAME)
		put_string("name", (const char *)(uintptr_t)i->value, i->len < LONGEST_NAME ? i->len : LONGEST_NAME);
	line_end();
	return EVENT;
}

static enum decoded cpu_prep(const struct drm_call *call)
{
	const struct drm_msm_gem_cpu_prep *p = (const void *)call->in;
	bool asks = p->op & MSM_PREP_NOSYNC;

	if (call->result && !(asks && call->error == EBUSY))
		return call->error == ETIMEDOUT ? EVENT : REFUSED;
	if (!event(call, "cpu_prep", 0))
		return EVENT;
	put_u64("bo", p->handle);
	put_u64("flags", p->op);
	if (asks)
		put_u64("busy", call->result != 0);
	line_end();
	return EVENT;
}

/* One list of what a call waits for, then of what it signals. */
static void sync_ops(uint64_t in, unsigned in_count, uint64_t out, unsigned out_count, unsigned stride)
{
	struct drm_msm_syncobj sync;

	for (unsigned i = 0; i < in_count; i++) {
		element(&sync, sizeof sync, in, i, stride);
		put_sync(i == 0, sync.flags & MSM_SYNCOBJ_RESET ? "wait_reset" : "wait", sync.handle, sync.point);
	}
	for (unsigned i = 0; i < out_count; i++) {
		element(&sync, sizeof sync, out, i, stride);
		put_sync(in_count + i == 0, "signal", sync.handle, sync.point);
	}
}

static enum decoded submit(const struct drm_call *call)
{
	const struct drm_msm_gem_submit *s = (const void *)call->in, *o = (const void *)call->out;
	struct drm_msm_gem_submit_bo bo;
	struct drm_msm_gem_submit_cmd cmd;
	unsigned waits = s->flags & MSM_SUBMIT_SYNCOBJ_IN ? s->nr_in_syncobjs : 0;
	unsigned signals = s->flags & MSM_SUBMIT_SYNCOBJ_OUT ? s->nr_out_syncobjs : 0;
	bool first = true;

	if (call->result)
		return REFUSED;
	if (!event(call, "submit", 2 + s->nr_bos + s->nr_cmds + waits + signals))
		return EVENT;
	put_raw(",\"bos\":[");
	for (unsigned i = 0; i < s->nr_bos; i++) {
		element(&bo, sizeof bo, s->bos, i, sizeof bo);
		put_comma(i == 0);
		put_number(bo.handle);
	}
	put_raw("],\"w\":[");
	for (unsigned i = 0; i < s->nr_bos; i++) {
		element(&bo, sizeof bo, s->bos, i, sizeof bo);
		if (!(bo.flags & MSM_SUBMIT_BO_WRITE))
			continue;
		put_comma(first);
		put_number(i);
		first = false;
	}
	put_raw("]");
	put_u64("queue", s->queueid);
	put_u64("fence", o->fence);
	put_u64("flags", s->flags);
	put_u64("cmds", s->nr_cmds);
	put_u64("in", s->nr_in_syncobjs);
	put_u64("out", s->nr_out_syncobjs);
	if (s->nr_bos == 0) {
		put_raw(",\"ib\":[");
		for (unsigned i = 0; i < s->nr_cmds; i++) {
			element(&cmd, sizeof cmd, s->cmds, i, sizeof cmd);
			put_comma(i == 0);
			put_raw("[");
			put_number(page_if_large(cmd.iova));
			put_raw(",");
			put_number(cmd.size);
			put_raw("]");
		}
		put_raw("]");
	}
	if (waits + signals) {
		put_raw(",\"sync_ops\":[");
		sync_ops(s->in_syncobjs, waits, s->out_syncobjs, signals, s->syncobj_stride);
		put_raw("]");
	}
	line_end();
	return EVENT;
}

static enum decoded vm_bind(const struct drm_call *call)
{
	static const char *const kinds[] = {
		[MSM_VM_BIND_OP_UNMAP] = "unmap",
		[MSM_VM_BIND_OP_MAP] = "map",
		[MSM_VM_BIND_OP_MAP_NULL] = "map_null",
	};
	const struct drm_msm_vm_bind *b = (const void *)call->in;
	struct drm_msm_vm_bind_op op;
	unsigned syncs = b->nr_in_syncobjs + b->nr_out_syncobjs;

	if (call->result)
		return REFUSED;
	if (!event(call, "vm_bind", 1 + b->nr_ops + syncs))
		return EVENT;
	put_u64("queue", b->queue_id);
	put_u64("in", b->nr_in_syncobjs);
	put_u64("out", b->nr_out_syncobjs);
	put_raw(",\"ops\":[");
	for (unsigned i = 0; i < b->nr_ops; i++) {
		if (b->nr_ops == 1)
			op = b->op;
		else
			element(&op, sizeof op, b->ops, i, b->op_stride);
		put_bind(i == 0, op.op < 3 ? kinds[op.op] : "?", op.op == MSM_VM_BIND_OP_MAP ? op.handle : 0, op.obj_offset,
			 op.iova, op.range, op.flags, -1);
	}
	put_raw("]");
	if (syncs) {
		put_raw(",\"sync_ops\":[[");
		sync_ops(b->in_syncobjs, b->nr_in_syncobjs, b->out_syncobjs, b->nr_out_syncobjs, b->syncobj_stride);
		put_raw("]]");
	}
	line_end();
	return EVENT;
}

enum decoded msm(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	switch (call->nr) {
	case NR(DRM_IOCTL_MSM_GET_PARAM):
	case NR(DRM_IOCTL_MSM_GEM_CPU_FINI):
	case NR(DRM_IOCTL_MSM_SUBMITQUEUE_QUERY):
	case NR(DRM_IOCTL_MSM_PERFCNTR_CONFIG):
		return EVENT;
	case NR(DRM_IOCTL_MSM_SET_PARAM): {
		const struct drm_msm_param *p = in;

		if (p->param != MSM_PARAM_EN_VM_BIND)
			return EVENT;
		if (call->result)
			return REFUSED;
		if (p->value && event(call, "enable_vm_bind", 0))
			line_end();
		return EVENT;
	}
	case NR(DRM_IOCTL_MSM_GEM_NEW): {
		const struct drm_msm_gem_new *n = in, *o = out;

		if (call->result)
			return REFUSED;
		if (event(call, "gem_new", 0)) {
			put_u64("bo", o->handle);
			put_u64("size", n->size);
			put_u64("flags", n->flags);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_MSM_GEM_INFO):
		return gem_info(call);
	case NR(DRM_IOCTL_MSM_GEM_CPU_PREP):
		return cpu_prep(call);
	case NR(DRM_IOCTL_MSM_GEM_SUBMIT):
		return submit(call);
	case NR(DRM_IOCTL_MSM_VM_BIND):
		return vm_bind(call);
	case NR(DRM_IOCTL_MSM_WAIT_FENCE): {
		const struct drm_msm_wait_fence *w = in;

		if (call->result)
			return call->error == ETIMEDOUT ? EVENT : REFUSED;
		if (event(call, "wait_fence", 0)) {
			put_u64("fence", w->fence);
			put_u64("queue", w->queueid);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_MSM_GEM_MADVISE): {
		const struct drm_msm_gem_madvise *m = in;

		if (call->result)
			return REFUSED;
		if (event(call, "madvise", 0)) {
			put_u64("bo", m->handle);
			put_u64("willneed", m->madv == MSM_MADV_WILLNEED);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_MSM_SUBMITQUEUE_NEW): {
		const struct drm_msm_submitqueue *q = in, *o = out;

		if (call->result)
			return REFUSED;
		if (event(call, "queue_new", 0)) {
			put_u64("queue", o->id);
			put_u64("flags", q->flags);
			put_u64("prio", q->prio);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_MSM_SUBMITQUEUE_CLOSE):
		if (call->result)
			return REFUSED;
		if (event(call, "queue_close", 0)) {
			put_u64("queue", *(const __u32 *)in);
			line_end();
		}
		return EVENT;
	default:
		return UNKNOWN;
	}
}
