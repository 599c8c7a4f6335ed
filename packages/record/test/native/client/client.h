/* What the scenarios of the test program share. */
#ifndef CLIENT_H
#define CLIENT_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/types.h>
#define __user
#include "uapi/drm.h"

#define POINTER(p) ((uint64_t)(uintptr_t)(p))

void msm_list(int fd);
void msm_bind(int fd);
void nouveau_list(int fd);
void nouveau_bind(int fd);
void xe(int fd);
void panthor(int fd);
void powervr(int fd);
void syncobjs(int fd);

void gem_close(int fd, uint32_t handle);
int prime_export(int fd, uint32_t handle);
uint32_t prime_import(int fd, int dmabuf);
uint32_t msm_new(int fd, uint64_t size);
uint32_t syncobj_new(int fd, uint32_t flags);

#endif
