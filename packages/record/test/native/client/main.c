/* A program that makes each driver's calls, and the ways of a process that a recorder has to follow. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "client.h"

#define THREADS 4
#define ROUNDS 500

void gem_close(int fd, uint32_t handle)
{
	struct drm_gem_close c = { .handle = handle };

	ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c);
}

int prime_export(int fd, uint32_t handle)
{
	struct drm_prime_handle p = { .handle = handle };

	ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &p);
	return p.fd;
}

uint32_t prime_import(int fd, int dmabuf)
{
	struct drm_prime_handle p = { .fd = dmabuf };

	ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p);
	return p.handle;
}

static int device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		exit(3);
	return fd;
}

static void one_driver(const char *path, void (*calls)(int))
{
	int fd = device(path);

	calls(fd);
	close(fd);
}

static void *work(void *arg)
{
	int fd = *(int *)arg;

	for (int i = 0; i < ROUNDS; i++)
		gem_close(fd, msm_new(fd, 4096));
	return NULL;
}

static void threads(void)
{
	int fd = device("/dev/dri/standin-msm");
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, work, &fd);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	close(fd);
}

/* Descriptors of one file come and go; the file ends with the last. A buffer goes to a second file as a dma-buf. */
static void descriptors(void)
{
	int fd = device("/dev/dri/standin-msm"), null = open("/dev/null", O_RDONLY);
	int more = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	int third = dup(fd), other = device("/dev/dri/standin-msm");
	uint32_t a = msm_new(fd, 4096);

	close(fd);
	uint32_t b = msm_new(more, 8192);
	dup2(null, more);
	int dmabuf = prime_export(third, a);
	prime_import(other, dmabuf);
	prime_import(other, dmabuf);
	gem_close(third, b);
	close(third);
	/* Closed by the end of the process. */
	msm_new(other, 12288);
}

static void forked(int by_vfork)
{
	int fd = device("/dev/dri/standin-msm");

	msm_new(fd, 4096);
	if (by_vfork) {
		if (vfork() == 0)
			_exit(0);
	} else if (fork() == 0) {
		int own = device("/dev/dri/standin-xe");

		/* The parent's file: its buffers are the parent's. */
		msm_new(fd, 8192);
		close(fd);
		xe(own);
		exit(0);
	}
	wait(NULL);
	msm_new(fd, 16384);
	close(fd);
}

static void killed(void)
{
	int fd = device("/dev/dri/standin-msm");

	msm_new(fd, 4096);
	raise(SIGKILL);
}

static void endless(int rounds)
{
	int fd = device("/dev/dri/standin-msm");

	for (int i = 0; i < rounds; i++)
		gem_close(fd, msm_new(fd, 4096));
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name, *path;
		void (*calls)(int);
	} drivers[] = {
		{ "msm-list", "/dev/dri/standin-msm", msm_list },
		{ "msm-bind", "/dev/dri/standin-msm", msm_bind },
		{ "nouveau-list", "/dev/dri/standin-nouveau", nouveau_list },
		{ "nouveau-bind", "/dev/dri/standin-nouveau", nouveau_bind },
		{ "xe", "/dev/dri/standin-xe", xe },
		{ "panthor", "/dev/dri/standin-panthor", panthor },
		{ "powervr", "/dev/dri/standin-powervr", powervr },
		{ "syncobjs", "/dev/dri/standin-msm", syncobjs },
		/* Its requests are counted: it is none of the five. */
		{ "amdgpu", "/dev/dri/standin-amdgpu", powervr },
	};
	const char *what = argc > 1 ? argv[1] : "";

	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (!strcmp(what, drivers[i].name))
			one_driver(drivers[i].path, drivers[i].calls);
	if (!strcmp(what, "threads"))
		threads();
	if (!strcmp(what, "descriptors"))
		descriptors();
	if (!strcmp(what, "fork") || !strcmp(what, "vfork"))
		forked(what[0] == 'v');
	if (!strcmp(what, "killed"))
		killed();
	if (!strcmp(what, "rounds"))
		endless(argc > 2 ? atoi(argv[2]) : 100);
	if (!strcmp(what, "exec")) {
		msm_new(device("/dev/dri/standin-msm"), 4096);
		execl(argv[0], argv[0], "msm-bind", (char *)NULL);
	}
	if (!strcmp(what, "failing")) {
		msm_new(device("/dev/dri/standin-msm"), 4096);
		return 7;
	}
	return 0;
}
