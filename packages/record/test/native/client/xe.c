#include "client.h"
#include "uapi/xe_drm.h"

void xe(int fd)
{
	struct drm_xe_vm_create v = { .flags = DRM_XE_VM_CREATE_FLAG_SCRATCH_PAGE };
	struct drm_xe_engine_class_instance engine = { .engine_class = DRM_XE_ENGINE_CLASS_COMPUTE };

	ioctl(fd, DRM_IOCTL_XE_VM_CREATE, &v);
	struct drm_xe_gem_create private = { .size = 262144, .placement = 1, .vm_id = v.vm_id, .cpu_caching = 2 };
	struct drm_xe_gem_create shared = { .size = 4194304, .placement = 2, .cpu_caching = 1 };
	ioctl(fd, DRM_IOCTL_XE_GEM_CREATE, &private);
	ioctl(fd, DRM_IOCTL_XE_GEM_CREATE, &shared);
	struct drm_xe_gem_mmap_offset m = { .handle = shared.handle };
	struct drm_xe_gem_mmap_offset barrier = { .flags = DRM_XE_MMAP_OFFSET_FLAG_PCI_BARRIER };
	ioctl(fd, DRM_IOCTL_XE_GEM_MMAP_OFFSET, &m);
	ioctl(fd, DRM_IOCTL_XE_GEM_MMAP_OFFSET, &barrier);
	struct drm_xe_sync bound = { .flags = DRM_XE_SYNC_FLAG_SIGNAL, .handle = syncobj_new(fd, 0) };
	struct drm_xe_vm_bind one = { .vm_id = v.vm_id, .num_binds = 1, .num_syncs = 1, .syncs = POINTER(&bound) };
	one.bind = (struct drm_xe_vm_bind_op){ .obj = private.handle, .pat_index = 3, .range = 262144, .addr = 0xffffffff80000000ull,
					       .flags = DRM_XE_VM_BIND_FLAG_DUMPABLE };
	ioctl(fd, DRM_IOCTL_XE_VM_BIND, &one);
	struct drm_xe_vm_bind_op ops[] = {
		{ .op = DRM_XE_VM_BIND_OP_MAP, .flags = DRM_XE_VM_BIND_FLAG_NULL, .addr = 1ull << 33, .range = 1 << 21 },
		{ .op = DRM_XE_VM_BIND_OP_MAP_USERPTR, .userptr = 1ull << 40, .addr = 1ull << 34, .range = 65536 },
		{ .op = DRM_XE_VM_BIND_OP_MAP, .obj = shared.handle, .obj_offset = 65536, .addr = 1ull << 35, .range = 65536 },
		{ .op = DRM_XE_VM_BIND_OP_PREFETCH, .addr = 1ull << 35, .range = 65536 },
		{ .op = DRM_XE_VM_BIND_OP_UNMAP, .addr = 1ull << 34, .range = 65536 },
		{ .op = DRM_XE_VM_BIND_OP_UNMAP_ALL, .obj = shared.handle },
	};
	struct drm_xe_vm_bind many = { .vm_id = v.vm_id, .num_binds = 6, .vector_of_binds = POINTER(ops) };
	ioctl(fd, DRM_IOCTL_XE_VM_BIND, &many);
	struct drm_xe_exec_queue_create q = { .width = 1, .num_placements = 1, .vm_id = v.vm_id, .instances = POINTER(&engine) };
	ioctl(fd, DRM_IOCTL_XE_EXEC_QUEUE_CREATE, &q);
	/* 64 bytes into a page of the high half: only its page can be said. */
	struct drm_xe_sync syncs[] = {
		{ .type = DRM_XE_SYNC_TYPE_USER_FENCE, .flags = DRM_XE_SYNC_FLAG_SIGNAL, .addr = 1ull << 35, .timeline_value = 1 },
		{ .handle = bound.handle },
		{ .type = DRM_XE_SYNC_TYPE_TIMELINE_SYNCOBJ, .flags = DRM_XE_SYNC_FLAG_SIGNAL, .handle = syncobj_new(fd, 0),
		  .timeline_value = 9 },
	};
	struct drm_xe_exec e = { .exec_queue_id = q.exec_queue_id, .num_syncs = 3, .syncs = POINTER(syncs), .address = 0xffffffff80000040ull, .num_batch_buffer = 1 };
	ioctl(fd, DRM_IOCTL_XE_EXEC, &e);
	uint64_t batches[] = { 4096, 8192 };
	struct drm_xe_exec two = { .exec_queue_id = q.exec_queue_id, .address = POINTER(batches), .num_batch_buffer = 2 };
	ioctl(fd, DRM_IOCTL_XE_EXEC, &two);
	struct drm_xe_madvise advice = { .vm_id = v.vm_id };
	ioctl(fd, DRM_IOCTL_XE_MADVISE, &advice);
	struct drm_xe_exec_queue_destroy qd = { .exec_queue_id = q.exec_queue_id };
	ioctl(fd, DRM_IOCTL_XE_EXEC_QUEUE_DESTROY, &qd);
	gem_close(fd, private.handle);
	gem_close(fd, shared.handle);
	struct drm_xe_vm_destroy vd = { .vm_id = v.vm_id };
	ioctl(fd, DRM_IOCTL_XE_VM_DESTROY, &vd);
}
