/* Answers every DRM request at once, for a device that is called msm: what is left to measure is the recorder. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/types.h>
#define __user
#include "uapi/drm.h"

#define SHOWN __attribute__((visibility("default")))

SHOWN int open(const char *path, int flags, ...)
{
	return (int)syscall(SYS_openat, AT_FDCWD, strncmp(path, "/dev/dri/", 9) ? path : "/dev/null", flags, 0600);
}

SHOWN int ioctl(int fd, unsigned long request, ...)
{
	va_list list;

	(void)fd;
	va_start(list, request);
	void *arg = va_arg(list, void *);
	va_end(list);
	if (request == DRM_IOCTL_VERSION) {
		struct drm_version *v = arg;

		if (v->name && v->name_len >= 3)
			memcpy(v->name, "msm", 3);
		v->name_len = 3;
	} else if (_IOC_NR(request) == DRM_COMMAND_BASE + 2)
		/* MSM_GEM_NEW: the handle is the last number of its structure. */
		((__u32 *)arg)[3] = 1;
	return 0;
}
