#include "client.h"
#include "uapi/msm_drm.h"

uint32_t msm_new(int fd, uint64_t size)
{
	struct drm_msm_gem_new n = { .size = size, .flags = MSM_BO_WC };

	ioctl(fd, DRM_IOCTL_MSM_GEM_NEW, &n);
	return n.handle;
}

static void info(int fd, uint32_t handle, uint32_t what, uint64_t value, uint32_t len)
{
	struct drm_msm_gem_info i = { .handle = handle, .info = what, .value = value, .len = len };

	ioctl(fd, DRM_IOCTL_MSM_GEM_INFO, &i);
}

void msm_list(int fd)
{
	struct drm_msm_submitqueue q = { .flags = 0, .prio = 1 };
	struct drm_msm_param param = { .pipe = MSM_PIPE_3D0, .param = MSM_PARAM_GPU_ID };
	static const char name[] = "ring \"0\"";

	ioctl(fd, DRM_IOCTL_MSM_GET_PARAM, &param);
	ioctl(fd, DRM_IOCTL_MSM_SUBMITQUEUE_NEW, &q);
	uint32_t a = msm_new(fd, 4096), b = msm_new(fd, 65536), none = msm_new(fd, 0);

	(void)none;
	info(fd, a, MSM_INFO_GET_IOVA, 0, 0);
	info(fd, a, MSM_INFO_GET_OFFSET, 0, 0);
	info(fd, a, MSM_INFO_SET_NAME, POINTER(name), sizeof name - 1);
	info(fd, a, MSM_INFO_SET_METADATA, POINTER(name), sizeof name - 1);
	info(fd, b, MSM_INFO_SET_IOVA, 1ull << 32, 0);
	struct drm_msm_gem_submit_bo bos[] = { { .flags = MSM_SUBMIT_BO_READ, .handle = a },
					       { .flags = MSM_SUBMIT_BO_READ | MSM_SUBMIT_BO_WRITE, .handle = b } };
	struct drm_msm_gem_submit_cmd cmd = { .type = MSM_SUBMIT_CMD_BUF, .submit_idx = 0, .size = 64 };
	struct drm_msm_gem_submit s = { .flags = MSM_PIPE_3D0, .nr_bos = 2, .nr_cmds = 1, .bos = POINTER(bos),
					.cmds = POINTER(&cmd), .queueid = q.id };
	ioctl(fd, DRM_IOCTL_MSM_GEM_SUBMIT, &s);
	struct drm_msm_wait_fence w = { .fence = s.fence, .queueid = q.id };
	ioctl(fd, DRM_IOCTL_MSM_WAIT_FENCE, &w);
	struct drm_msm_gem_cpu_prep idle = { .handle = b, .op = MSM_PREP_READ | MSM_PREP_NOSYNC };
	struct drm_msm_gem_cpu_prep busy = { .handle = a, .op = MSM_PREP_READ | MSM_PREP_NOSYNC };
	ioctl(fd, DRM_IOCTL_MSM_GEM_CPU_PREP, &idle);
	ioctl(fd, DRM_IOCTL_MSM_GEM_CPU_PREP, &busy);
	struct drm_msm_gem_madvise m = { .handle = b, .madv = MSM_MADV_DONTNEED };
	ioctl(fd, DRM_IOCTL_MSM_GEM_MADVISE, &m);
	m.madv = MSM_MADV_WILLNEED;
	ioctl(fd, DRM_IOCTL_MSM_GEM_MADVISE, &m);
	/* Its handle is given out again at once. */
	gem_close(fd, a);
	uint32_t c = msm_new(fd, 8192);
	int dmabuf = prime_export(fd, c);
	prime_import(fd, dmabuf);
	close(dmabuf);
	gem_close(fd, 77);
	gem_close(fd, b);
	/* A request from after this kernel. */
	ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + 0x1f, struct drm_msm_param), &param);
	ioctl(fd, DRM_IOCTL_MSM_SUBMITQUEUE_CLOSE, &q.id);
}

void msm_bind(int fd)
{
	struct drm_msm_param on = { .pipe = MSM_PIPE_3D0, .param = MSM_PARAM_EN_VM_BIND, .value = 1 };
	struct drm_msm_submitqueue q = { .flags = MSM_SUBMITQUEUE_VM_BIND };

	ioctl(fd, DRM_IOCTL_MSM_SET_PARAM, &on);
	ioctl(fd, DRM_IOCTL_MSM_SUBMITQUEUE_NEW, &q);
	uint32_t a = msm_new(fd, 1 << 20);
	struct drm_msm_vm_bind one = { .nr_ops = 1, .queue_id = q.id, .op_stride = sizeof one.op };
	one.op = (struct drm_msm_vm_bind_op){ .op = MSM_VM_BIND_OP_MAP, .handle = a, .iova = 1ull << 32, .range = 1 << 20,
					      .flags = MSM_VM_BIND_OP_DUMP };
	ioctl(fd, DRM_IOCTL_MSM_VM_BIND, &one);
	struct drm_msm_vm_bind_op ops[] = {
		{ .op = MSM_VM_BIND_OP_MAP_NULL, .iova = 2ull << 32, .range = 1 << 21 },
		{ .op = MSM_VM_BIND_OP_MAP, .handle = a, .obj_offset = 65536, .iova = 2ull << 32, .range = 65536 },
		{ .op = MSM_VM_BIND_OP_UNMAP, .iova = 1ull << 32, .range = 1 << 20 },
	};
	struct drm_msm_syncobj in = { .handle = syncobj_new(fd, 1), .flags = MSM_SYNCOBJ_RESET };
	struct drm_msm_syncobj out[] = { { .handle = syncobj_new(fd, 0) }, { .handle = syncobj_new(fd, 0), .point = 7 } };
	struct drm_msm_vm_bind many = { .nr_ops = 3, .queue_id = q.id, .op_stride = sizeof ops[0], .ops = POINTER(ops),
					.nr_in_syncobjs = 1, .nr_out_syncobjs = 2, .in_syncobjs = POINTER(&in),
					.out_syncobjs = POINTER(out), .syncobj_stride = sizeof in };
	ioctl(fd, DRM_IOCTL_MSM_VM_BIND, &many);
	in.flags = 0;
	struct drm_msm_gem_submit_cmd cmds[] = { { .type = MSM_SUBMIT_CMD_BUF, .size = 64, .iova = 2ull << 32 },
						 { .type = MSM_SUBMIT_CMD_BUF, .size = 32, .iova = (2ull << 32) + 64 } };
	struct drm_msm_gem_submit s = { .flags = MSM_PIPE_3D0 | MSM_SUBMIT_SYNCOBJ_IN | MSM_SUBMIT_SYNCOBJ_OUT, .nr_cmds = 2,
					.cmds = POINTER(cmds), .queueid = 9, .nr_in_syncobjs = 2, .in_syncobjs = POINTER(out),
					.nr_out_syncobjs = 1, .out_syncobjs = POINTER(&in), .syncobj_stride = sizeof in };
	ioctl(fd, DRM_IOCTL_MSM_GEM_SUBMIT, &s);
	gem_close(fd, a);
}
