#include "client.h"
#include "uapi/nouveau_drm.h"

static uint32_t new(int fd, uint64_t size, uint32_t domain, uint32_t align, uint32_t mode, uint32_t flags)
{
	struct drm_nouveau_gem_new n = {
		.info = { .domain = domain, .size = size, .tile_mode = mode, .tile_flags = flags },
		.align = align,
	};

	ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_NEW, &n);
	return n.info.handle;
}

void nouveau_list(int fd)
{
	struct drm_nouveau_channel_alloc c = { .tt_ctxdma_handle = NOUVEAU_FIFO_ENGINE_GR };

	ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &c);
	uint32_t a = new(fd, 524288, NOUVEAU_GEM_DOMAIN_GART | NOUVEAU_GEM_DOMAIN_MAPPABLE, 0, 0, 8);
	uint32_t b = new(fd, 3932160, NOUVEAU_GEM_DOMAIN_VRAM, 4096, 64, 65024);
	struct drm_nouveau_gem_pushbuf_bo bos[] = {
		{ .handle = a, .read_domains = 4, .valid_domains = 4 },
		{ .handle = b, .read_domains = 2, .write_domains = 2, .valid_domains = 2 },
	};
	struct drm_nouveau_gem_pushbuf_push push = { .bo_index = 0, .length = 64 };
	struct drm_nouveau_gem_pushbuf p = { .channel = (uint32_t)c.channel, .nr_buffers = 2, .buffers = POINTER(bos),
					     .nr_push = 1, .push = POINTER(&push) };
	ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_PUSHBUF, &p);
	struct drm_nouveau_gem_cpu_prep w = { .handle = a, .flags = NOUVEAU_GEM_CPU_PREP_WRITE };
	ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &w);
	struct drm_nouveau_gem_cpu_prep ask = { .handle = b, .flags = NOUVEAU_GEM_CPU_PREP_NOWAIT };
	ioctl(fd, DRM_IOCTL_NOUVEAU_GEM_CPU_PREP, &ask);
	prime_export(fd, b);
	gem_close(fd, a);
	gem_close(fd, b);
	struct drm_nouveau_channel_free f = { .channel = c.channel };
	ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_FREE, &f);
}

void nouveau_bind(int fd)
{
	struct drm_nouveau_vm_init v = { .kernel_managed_addr = 1ull << 39, .kernel_managed_size = 1ull << 39 };
	struct drm_nouveau_channel_alloc c = { 0 };

	ioctl(fd, DRM_IOCTL_NOUVEAU_VM_INIT, &v);
	ioctl(fd, DRM_IOCTL_NOUVEAU_CHANNEL_ALLOC, &c);
	uint32_t a = new(fd, 65536, 46, 4096, 0, 0);
	struct drm_nouveau_vm_bind_op ops[] = {
		{ .op = DRM_NOUVEAU_VM_BIND_OP_MAP, .flags = DRM_NOUVEAU_VM_BIND_SPARSE, .addr = 1ull << 33, .range = 1 << 21 },
		{ .op = DRM_NOUVEAU_VM_BIND_OP_MAP, .flags = 6, .handle = a, .addr = 1ull << 32, .bo_offset = 4096, .range = 8192 },
		{ .op = DRM_NOUVEAU_VM_BIND_OP_UNMAP, .addr = 1ull << 32, .range = 4096 },
	};
	struct drm_nouveau_sync bound = { .handle = syncobj_new(fd, 0) };
	struct drm_nouveau_sync done[] = {
		{ .flags = DRM_NOUVEAU_SYNC_TIMELINE_SYNCOBJ, .handle = syncobj_new(fd, 0), .timeline_value = 4 },
		{ .handle = bound.handle },
	};
	struct drm_nouveau_vm_bind b = { .op_count = 3, .flags = DRM_NOUVEAU_VM_BIND_RUN_ASYNC, .sig_count = 1,
					 .sig_ptr = POINTER(&bound), .op_ptr = POINTER(ops) };
	ioctl(fd, DRM_IOCTL_NOUVEAU_VM_BIND, &b);
	struct drm_nouveau_exec_push push[] = { { .va = 1ull << 32, .va_len = 256 }, { .va = 0, .va_len = 0 } };
	struct drm_nouveau_exec e = { .channel = (uint32_t)c.channel, .push_count = 2, .wait_count = 1,
				      .wait_ptr = POINTER(&bound), .sig_count = 2, .sig_ptr = POINTER(done), .push_ptr = POINTER(push) };
	ioctl(fd, DRM_IOCTL_NOUVEAU_EXEC, &e);
	gem_close(fd, a);
}
