#include "client.h"
#include "uapi/panthor_drm.h"

static uint32_t new(int fd, uint64_t size, uint32_t vm)
{
	struct drm_panthor_bo_create b = { .size = size, .exclusive_vm_id = vm };

	ioctl(fd, DRM_IOCTL_PANTHOR_BO_CREATE, &b);
	return b.handle;
}

void panthor(int fd)
{
	struct drm_panthor_vm_create v = { 0 };

	ioctl(fd, DRM_IOCTL_PANTHOR_VM_CREATE, &v);
	uint32_t a = new(fd, 65536, v.id), b = new(fd, 4096, 0);
	struct drm_panthor_bo_mmap_offset m = { .handle = a };
	ioctl(fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &m);
	struct drm_panthor_bo_set_label label = { .handle = a, .label = POINTER("heap descriptor") };
	ioctl(fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &label);
	struct drm_panthor_vm_bind_op ops[] = {
		{ .flags = DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC, .bo_handle = a, .va = 1 << 25, .size = 65536 },
		{ .flags = DRM_PANTHOR_VM_BIND_OP_MAP_READONLY, .bo_handle = b, .va = 1 << 26, .size = 4096 },
		/* No such buffer: a synchronous bind has done what stands before it. */
		{ .bo_handle = 99, .va = 1 << 27, .size = 4096 },
	};
	struct drm_panthor_vm_bind part = { .vm_id = v.id, .ops = DRM_PANTHOR_OBJ_ARRAY(3, ops) };
	ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &part);
	struct drm_panthor_sync_op unbound = { .flags = (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL, .handle = syncobj_new(fd, 0) };
	struct drm_panthor_vm_bind_op un[] = {
		{ .flags = (uint32_t)DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP, .va = 1 << 26, .size = 4096 },
		{ .flags = (uint32_t)DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY,
		  .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &unbound) },
	};
	struct drm_panthor_vm_bind async = { .vm_id = v.id, .flags = DRM_PANTHOR_VM_BIND_ASYNC, .ops = DRM_PANTHOR_OBJ_ARRAY(2, un) };
	ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &async);
	struct drm_panthor_queue_create queues[2] = { { .ringbuf_size = 65536 }, { .ringbuf_size = 65536 } };
	struct drm_panthor_group_create g = { .queues = DRM_PANTHOR_OBJ_ARRAY(2, queues), .vm_id = v.id };
	ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &g);
	struct drm_panthor_tiler_heap_create h = { .vm_id = v.id, .initial_chunk_count = 5, .chunk_size = 2 << 20, .max_chunks = 64 };
	ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &h);
	struct drm_panthor_sync_op first[] = {
		{ .handle = unbound.handle },
		{ .flags = (uint32_t)DRM_PANTHOR_SYNC_OP_SIGNAL | DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ,
		  .handle = syncobj_new(fd, 0), .timeline_value = 5 },
	};
	struct drm_panthor_sync_op then = { .flags = DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ, .handle = first[1].handle,
					    .timeline_value = 5 };
	struct drm_panthor_queue_submit submits[] = {
		{ .queue_index = 0, .stream_size = 40, .stream_addr = 1 << 25, .syncs = DRM_PANTHOR_OBJ_ARRAY(2, first) },
		{ .queue_index = 1, .syncs = DRM_PANTHOR_OBJ_ARRAY(1, &then) },
	};
	struct drm_panthor_group_submit s = { .group_handle = g.group_handle, .queue_submits = DRM_PANTHOR_OBJ_ARRAY(2, submits) };
	ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &s);
	struct drm_panthor_tiler_heap_destroy hd = { .handle = h.handle };
	ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &hd);
	struct drm_panthor_group_destroy gd = { .group_handle = g.group_handle };
	ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_DESTROY, &gd);
	gem_close(fd, a);
	struct drm_panthor_vm_destroy vd = { .id = v.id };
	ioctl(fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &vd);
}
