/* One ioctl on a DRM file, as the decoders see it. */
#ifndef GPUVM_RECORD_H
#define GPUVM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files.h"
#include "log.h"

/* Longer than any argument that is looked into. */
#define MAX_ARG 512

struct drm_call {
	struct drm_file *file;
	int fd;
	unsigned nr;
	int result;
	int error; /* errno, when result is not 0 */
	/* The argument before and after the call, zeros where the program's structure is shorter than the kernel's: DRM goes by
	 * the number of a request and takes any size of it. */
	_Alignas(8) unsigned char in[MAX_ARG];
	_Alignas(8) unsigned char out[MAX_ARG];
};

/* What a decoder says of a call. */
enum decoded {
	EVENT,   /* it is in the log, or there was nothing to say of it */
	UNKNOWN, /* count it */
	REFUSED, /* count it with its error */
};

/* Begins an event of a file; room for a list of `n` elements. */
bool event(const struct drm_call *call, const char *op, size_t n);
/* A whole event that says one number. */
enum decoded one_number(const struct drm_call *call, const char *op, const char *key, uint32_t number);
/* The program's array: element `i` of `stride` bytes, made `size` long. */
void element(void *to, size_t size, uint64_t array, size_t i, size_t stride);
/* Whether the call must be made with the log taken: it gives back a number that another thread may be given at once. */
bool gives_back(const struct drm_file *file, unsigned nr);

enum decoded drm_syncobj(const struct drm_call *call);
enum decoded drm_core(const struct drm_call *call);
enum decoded msm(const struct drm_call *call);
enum decoded nouveau(const struct drm_call *call);
enum decoded xe(const struct drm_call *call);
enum decoded panthor(const struct drm_call *call);
enum decoded powervr(const struct drm_call *call);

int real_ioctl(int fd, unsigned long request, void *arg);
int64_t real_size(int fd);

/* One operation of a bind: [kind, bo, bo_offset, va, length, flags, pat]; no pat: -1. */
void put_bind(bool first, const char *kind, uint64_t bo, uint64_t offset, uint64_t va, uint64_t length, uint64_t flags,
	      int64_t pat);
/* What a bind or work does with a syncobj: [kind, handle, point]; a binary one has no point, 0. */
void put_sync(bool first, const char *kind, uint32_t handle, uint64_t point);

#endif
