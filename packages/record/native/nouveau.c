/* nouveau */
#include "record.h"

#include <errno.h>

#include <linux/types.h>
#define __user
#include "uapi/nouveau_drm.h"

#define NR(request) _IOC_NR(request)

static enum decoded gem_new(const struct drm_call *call)
{
	/* The kernel answers in the structure that it was asked with: domain and size come back as they were granted. */
	const struct drm_nouveau_gem_new *n = (const void *)call->in, *o = (const void *)call->out;

	if (call->result)
		return REFUSED;
	if (!event(call, "gem_new", 0))
		return EVENT;
	put_u64("bo", o->info.handle);
	put_u64("size", n->info.size);
	put_u64("domain", n->info.domain);
	if (n->align)
		put_u64("align", n->align);
	if (n->info.tile_mode)
		put_u64("tile_mode", n->info.tile_mode);
	if (n->info.tile_flags)
		put_u64("tile_flags", n->info.tile_flags);
	line_end();
	return EVENT;
}

/* Indexes of the buffers that have a domain in one of the two masks. */
static void indexes(const char *key, const struct drm_nouveau_gem_pushbuf *p, uint32_t write, uint32_t valid)
{
	struct drm_nouveau_gem_pushbuf_bo bo;
	bool first = true;

	put_raw(",\"");
	put_raw(key);
	put_raw("\":[");
	for (unsigned i = 0; i < p->nr_buffers; i++) {
		element(&bo, sizeof bo, p->buffers, i, sizeof bo);
		if (!(bo.write_domains & write) && !(bo.valid_domains & valid))
			continue;
		put_comma(first);
		put_number(i);
		first = false;
	}
	put_raw("]");
}

static enum decoded pushbuf(const struct drm_call *call)
{
	const struct drm_nouveau_gem_pushbuf *p = (const void *)call->in;
	struct drm_nouveau_gem_pushbuf_bo bo;

	if (call->result)
		return REFUSED;
	if (!event(call, "submit", 2 + p->nr_buffers))
		return EVENT;
	put_raw(",\"bos\":[");
	for (unsigned i = 0; i < p->nr_buffers; i++) {
		element(&bo, sizeof bo, p->buffers, i, sizeof bo);
		put_comma(i == 0);
		put_number(bo.handle);
	}
	put_raw("]");
	indexes("w", p, ~0u, 0);
	indexes("vram", p, 0, NOUVEAU_GEM_DOMAIN_VRAM);
	put_u64("cmds", p->nr_push);
	put_u64("relocs", p->nr_relocs);
	put_u64("channel", p->channel);
	line_end();
	return EVENT;
}

/* One list of what a call waits for, then of what it signals. */
static void sync_ops(uint64_t waits, unsigned wait_count, uint64_t sigs, unsigned sig_count)
{
	struct drm_nouveau_sync sync;

	if (!wait_count && !sig_count)
		return;
	put_raw(",\"sync_ops\":[[");
	for (unsigned i = 0; i < wait_count + sig_count; i++) {
		bool wait = i < wait_count;

		element(&sync, sizeof sync, wait ? waits : sigs, wait ? i : i - wait_count, sizeof sync);
		bool timeline = (sync.flags & DRM_NOUVEAU_SYNC_TYPE_MASK) == DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ;
		put_sync(i == 0, wait ? "wait" : "signal", sync.handle, timeline ? sync.timeline_value : 0);
	}
	put_raw("]]");
}

static enum decoded vm_bind(const struct drm_call *call)
{
	const struct drm_nouveau_vm_bind *b = (const void *)call->in;
	struct drm_nouveau_vm_bind_op op;

	if (call->result)
		return REFUSED;
	if (!event(call, "vm_bind", 1 + b->op_count + b->wait_count + b->sig_count))
		return EVENT;
	put_u64("async", b->flags & DRM_NOUVEAU_VM_BIND_RUN_ASYNC ? 1 : 0);
	put_u64("in", b->wait_count);
	put_u64("out", b->sig_count);
	put_raw(",\"ops\":[");
	for (unsigned i = 0; i < b->op_count; i++) {
		element(&op, sizeof op, b->op_ptr, i, sizeof op);
		/* Sparse regions have no buffer. */
		put_bind(i == 0, op.op == DRM_NOUVEAU_VM_BIND_OP_MAP ? "map" : "unmap",
			 op.op == DRM_NOUVEAU_VM_BIND_OP_MAP ? op.handle : 0, op.bo_offset, op.addr, op.range, op.flags, -1);
	}
	put_raw("]");
	sync_ops(b->wait_ptr, b->wait_count, b->sig_ptr, b->sig_count);
	line_end();
	return EVENT;
}

static enum decoded exec(const struct drm_call *call)
{
	const struct drm_nouveau_exec *e = (const void *)call->in;
	struct drm_nouveau_exec_push push;

	if (call->result)
		return REFUSED;
	if (!event(call, "exec", 1 + e->push_count + e->wait_count + e->sig_count))
		return EVENT;
	put_u64("channel", e->channel);
	put_u64("in", e->wait_count);
	put_u64("out", e->sig_count);
	put_raw(",\"push\":[");
	for (unsigned i = 0; i < e->push_count; i++) {
		element(&push, sizeof push, e->push_ptr, i, sizeof push);
		put_comma(i == 0);
		put_raw("[");
		put_number(page_if_large(push.va));
		put_raw(",");
		put_number(push.va_len);
		put_raw("]");
	}
	put_raw("]");
	sync_ops(e->wait_ptr, e->wait_count, e->sig_ptr, e->sig_count);
	line_end();
	return EVENT;
}

enum decoded nouveau(const struct drm_call *call)
{
	const void *in = call->in, *out = call->out;

	switch (call->nr) {
	case NR(DRM_IOCTL_NOUVEAU_GETPARAM):
	case NR(DRM_IOCTL_NOUVEAU_GEM_CPU_FINI):
	case NR(DRM_IOCTL_NOUVEAU_GEM_INFO):
	case NR(DRM_IOCTL_NOUVEAU_GET_ZCULL_INFO):
		return EVENT;
	case NR(DRM_IOCTL_NOUVEAU_GEM_NEW):
		return gem_new(call);
	case NR(DRM_IOCTL_NOUVEAU_GEM_PUSHBUF):
		return pushbuf(call);
	case NR(DRM_IOCTL_NOUVEAU_VM_BIND):
		return vm_bind(call);
	case NR(DRM_IOCTL_NOUVEAU_EXEC):
		return exec(call);
	case NR(DRM_IOCTL_NOUVEAU_GEM_CPU_PREP): {
		const struct drm_nouveau_gem_cpu_prep *p = in;
		bool asks = p->flags & NOUVEAU_GEM_CPU_PREP_NOWAIT;

		if (call->result && !(asks && call->error == EBUSY))
			return REFUSED;
		if (event(call, "cpu_prep", 0)) {
			put_u64("bo", p->handle);
			put_u64("flags", p->flags);
			if (asks)
				put_u64("busy", call->result != 0);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_NOUVEAU_VM_INIT): {
		const struct drm_nouveau_vm_init *v = in;

		if (call->result)
			return REFUSED;
		if (event(call, "vm_init", 0)) {
			put_address("kva", v->kernel_managed_addr);
			put_address("ksize", v->kernel_managed_size);
			line_end();
		}
		return EVENT;
	}
	case NR(DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC): {
		const struct drm_nouveau_channel_alloc *c = out;

		if (call->result)
			return REFUSED;
		if (event(call, "channel_new", 0)) {
			put_u64("channel", (uint32_t)c->channel);
			if (c->notifier_handle)
				put_u64("notifier_bo", c->notifier_handle);
			line_end();
		}
		return EVENT;
	}
	default:
		return UNKNOWN;
	}
}
