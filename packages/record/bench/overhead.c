/* How long one ioctl takes: a request that a trace tells of (MSM_GEM_MADVISE), and one that it does not (DRM_IOCTL_VERSION), both
 * answered in the process itself (answer/), so that what is measured is the recorder and not a kernel. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/types.h>
#define __user
#include "uapi/msm_drm.h"

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
	int fd = open("/dev/dri/standin-msm", O_RDWR);
	struct drm_msm_gem_new n = { .size = 4096 };
	struct drm_version version = { 0 };

	ioctl(fd, DRM_IOCTL_MSM_GEM_NEW, &n);
	struct drm_msm_gem_madvise m = { .handle = n.handle };
	uint64_t start = now();
	for (unsigned i = 0; i < rounds; i++)
		ioctl(fd, DRM_IOCTL_MSM_GEM_MADVISE, &m);
	uint64_t middle = now();
	for (unsigned i = 0; i < rounds; i++)
		ioctl(fd, DRM_IOCTL_VERSION, &version);
	uint64_t end = now();
	printf("%.1f %.1f\n", (double)(middle - start) / rounds, (double)(end - middle) / rounds);
	return 0;
}
