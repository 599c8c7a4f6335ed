#include "client.h"
#include "uapi/pvr_drm.h"

void powervr(int fd)
{
	struct drm_pvr_ioctl_create_vm_context_args v = { 0 };
	struct drm_pvr_ioctl_create_bo_args b = { .size = 65536, .flags = DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS };

	ioctl(fd, DRM_IOCTL_PVR_CREATE_VM_CONTEXT, &v);
	ioctl(fd, DRM_IOCTL_PVR_CREATE_BO, &b);
	struct drm_pvr_ioctl_get_bo_mmap_offset_args m = { .handle = b.handle };
	ioctl(fd, DRM_IOCTL_PVR_GET_BO_MMAP_OFFSET, &m);
	struct drm_pvr_ioctl_vm_map_args map = { .vm_context_handle = v.handle, .device_addr = 1ull << 39, .handle = b.handle,
						 .offset = 4096, .size = 8192 };
	ioctl(fd, DRM_IOCTL_PVR_VM_MAP, &map);
	struct drm_pvr_ioctl_create_free_list_args l = { .free_list_gpu_addr = (1ull << 39) + 4096, .initial_num_pages = 512,
							 .max_num_pages = 65536, .grow_num_pages = 256,
							 .vm_context_handle = v.handle };
	ioctl(fd, DRM_IOCTL_PVR_CREATE_FREE_LIST, &l);
	struct drm_pvr_ioctl_create_hwrt_dataset_args h = { .width = 640, .height = 480 };
	ioctl(fd, DRM_IOCTL_PVR_CREATE_HWRT_DATASET, &h);
	struct drm_pvr_ioctl_create_context_args c = { .type = DRM_PVR_CTX_TYPE_TRANSFER_FRAG, .vm_context_handle = v.handle };
	ioctl(fd, DRM_IOCTL_PVR_CREATE_CONTEXT, &c);
	struct drm_pvr_sync_op syncs[] = {
		{ .handle = syncobj_new(fd, DRM_SYNCOBJ_CREATE_SIGNALED) },
		{ .handle = syncobj_new(fd, 0), .flags = DRM_PVR_SYNC_OP_FLAG_SIGNAL | DRM_PVR_SYNC_OP_FLAG_HANDLE_TYPE_TIMELINE_SYNCOBJ,
		  .value = 2 },
	};
	struct drm_pvr_job jobs[] = {
		{ .type = DRM_PVR_JOB_TYPE_TRANSFER_FRAG, .context_handle = c.handle, .sync_ops = DRM_PVR_OBJ_ARRAY(2, syncs) },
		{ .type = DRM_PVR_JOB_TYPE_COMPUTE, .context_handle = c.handle },
	};
	struct drm_pvr_ioctl_submit_jobs_args s = { .jobs = DRM_PVR_OBJ_ARRAY(2, jobs) };
	ioctl(fd, DRM_IOCTL_PVR_SUBMIT_JOBS, &s);
	struct drm_pvr_ioctl_vm_unmap_args un = { .vm_context_handle = v.handle, .device_addr = 1ull << 39, .size = 8192 };
	ioctl(fd, DRM_IOCTL_PVR_VM_UNMAP, &un);
	gem_close(fd, b.handle);
	struct drm_pvr_ioctl_destroy_hwrt_dataset_args hd = { .handle = h.handle };
	ioctl(fd, DRM_IOCTL_PVR_DESTROY_HWRT_DATASET, &hd);
	struct drm_pvr_ioctl_destroy_context_args cd = { .handle = c.handle };
	ioctl(fd, DRM_IOCTL_PVR_DESTROY_CONTEXT, &cd);
	struct drm_pvr_ioctl_destroy_vm_context_args vd = { .handle = v.handle };
	ioctl(fd, DRM_IOCTL_PVR_DESTROY_VM_CONTEXT, &vd);
}
