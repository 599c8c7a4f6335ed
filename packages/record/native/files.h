/* Which descriptors of this process are DRM files. A file is one open of a device node; dup gives it more descriptors. */
#ifndef GPUVM_FILES_H
#define GPUVM_FILES_H

#include <stdbool.h>

#include "log.h"

struct drm_call;

enum driver { DRIVER_OTHER, DRIVER_MSM, DRIVER_NOUVEAU, DRIVER_XE, DRIVER_PANTHOR, DRIVER_POWERVR };

struct drm_file {
	unsigned id;     /* from 1 on, never used twice in a process */
	unsigned fds;    /* descriptors of it */
	enum driver driver;
	bool inherited;  /* from the parent process: its close here is not its end */
};

/* Whether the descriptor may be a DRM file, or of a syncobj; cheap, without the log. */
bool fd_watched(int fd);
/* Its file; what is found stays readable, also when another thread closes it. */
struct drm_file *fd_file(int fd);
/* All below: with the log taken. */
/* Makes a descriptor that is a DRM device a file of the table. */
struct drm_file *fd_opened(int fd);
/* It is of a syncobj, or of a syncobj's fence: its end is an event. */
void fd_shared(int fd);
void fd_duplicated(int from, int to);
void fd_closed(int fd);
/* Whether there ever was one. */
bool files_any(void);
/* After fork. */
void files_inherited(void);

#endif
