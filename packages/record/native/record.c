/* The calls that are watched, and what is done with an ioctl. */
#define _GNU_SOURCE
#include "record.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))
#define DRM_MAJOR 226
#define DRM_TYPE 'd'

#ifdef __GLIBC__
typedef unsigned long request_t;
#else
typedef int request_t;
#endif

#define REAL(result, name, ...)                                       \
	static result (*real_##name)(__VA_ARGS__);                    \
	if (!real_##name)                                             \
		*(void **)&real_##name = dlsym(RTLD_NEXT, #name)

int real_ioctl(int fd, unsigned long request, void *arg)
{
	REAL(int, ioctl, int, request_t, ...);
	return real_ioctl(fd, (request_t)request, arg);
}

int64_t real_size(int fd)
{
	off_t here = lseek(fd, 0, SEEK_CUR);
	off_t size = lseek(fd, 0, SEEK_END);

	if (here >= 0)
		lseek(fd, here, SEEK_SET);
	return size;
}

static void after_fork(void)
{
	if (log_forked() && log_lock()) {
		files_inherited();
		log_unlock();
	}
}

static bool is_device(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == DRM_MAJOR;
}

static int opened(const char *path, int fd)
{
	int saved = errno;
	bool device;

	if (fd < 0)
		return fd;
	device = path && (!strncmp(path, "/dev/dri/", 9) || (!strncmp(path, "/dev/", 5) && is_device(fd)));
	if ((device || fd_watched(fd)) && !log_foreign()) {
		after_fork();
		if (log_lock()) {
			/* An entry that is still there: its close was not seen. */
			fd_closed(fd);
			if (device)
				fd_opened(fd);
			log_unlock();
		}
	}
	errno = saved;
	return fd;
}

#define MODE(flags, mode, last)                                       \
	mode_t mode = 0;                                              \
	if (((flags) & O_CREAT) || ((flags) & O_TMPFILE) == O_TMPFILE) {                      \
		va_list list;                                         \
		va_start(list, last);                                 \
		mode = va_arg(list, mode_t);                          \
		va_end(list);                                         \
	}

#define WATCH_OPEN(name)                                              \
	SHOWN int name(const char *path, int flags, ...)              \
	{                                                             \
		REAL(int, name, const char *, int, ...);              \
		MODE(flags, mode, flags)                              \
		return opened(path, real_##name(path, flags, mode));  \
	}

#define WATCH_OPENAT(name)                                            \
	SHOWN int name(int dir, const char *path, int flags, ...)     \
	{                                                             \
		REAL(int, name, int, const char *, int, ...);         \
		MODE(flags, mode, flags)                              \
		int fd = real_##name(dir, path, flags, mode);         \
		/* A path that is relative to a folder may be of a device, too. */ \
		return opened(path[0] != '/' && fd >= 0 && is_device(fd) ? "/dev/dri/" : path, fd); \
	}

WATCH_OPEN(open)
WATCH_OPENAT(openat)

#ifdef __GLIBC__
WATCH_OPEN(open64)
WATCH_OPENAT(openat64)

/* What programs call that were built with _FORTIFY_SOURCE. */
#define WATCH_OPEN_2(name)                                            \
	SHOWN int name(const char *path, int flags);                  \
	SHOWN int name(const char *path, int flags)                   \
	{                                                             \
		REAL(int, name, const char *, int);                   \
		return opened(path, real_##name(path, flags));        \
	}

#define WATCH_OPENAT_2(name)                                          \
	SHOWN int name(int dir, const char *path, int flags);         \
	SHOWN int name(int dir, const char *path, int flags)          \
	{                                                             \
		REAL(int, name, int, const char *, int);              \
		return opened(path, real_##name(dir, path, flags));   \
	}

WATCH_OPEN_2(__open_2)
WATCH_OPEN_2(__open64_2)
WATCH_OPENAT_2(__openat_2)
WATCH_OPENAT_2(__openat64_2)
#endif

SHOWN int close(int fd)
{
	REAL(int, close, int);
	int result;

	if (!fd_watched(fd) || log_foreign())
		return real_close(fd);
	after_fork();
	/* The number may be given out again at once: the log is kept until it is written down. */
	if (!log_lock())
		return real_close(fd);
	result = real_close(fd);
	int saved = errno;
	fd_closed(fd);
	log_unlock();
	errno = saved;
	return result;
}

SHOWN int close_range(unsigned first, unsigned last, int flags)
{
	REAL(int, close_range, unsigned, unsigned, int);
	bool locked = false;
	int result;

	if (!real_close_range) {
		errno = ENOSYS;
		return -1;
	}
	/* CLOSE_RANGE_CLOEXEC closes nothing now. */
	if (!(flags & 4) && !log_foreign()) {
		after_fork();
		locked = log_lock();
	}
	result = real_close_range(first, last, flags);
	if (locked) {
		int saved = errno;
		if (result == 0)
			for (unsigned fd = first; fd <= last && fd < 65536; fd++)
				fd_closed((int)fd);
		log_unlock();
		errno = saved;
	}
	return result;
}

/* `make` gives a new descriptor of `from`, perhaps in the place of an old one. */
#define DUPLICATED(from, make)                                        \
	if (log_foreign())                                            \
		return make;                                          \
	after_fork();                                                 \
	if (!log_lock())                                              \
		return make;                                          \
	int fd = make;                                                \
	int saved = errno;                                            \
	if (fd >= 0 && fd != (from)) {                                \
		if (fd_watched(from))                                 \
			fd_duplicated(from, fd);                      \
		else                                                  \
			fd_closed(fd);                                \
	}                                                             \
	log_unlock();                                                 \
	errno = saved;                                                \
	return fd;

SHOWN int dup(int from)
{
	REAL(int, dup, int);
	if (!fd_watched(from))
		return real_dup(from);
	DUPLICATED(from, real_dup(from))
}

SHOWN int dup2(int from, int to)
{
	REAL(int, dup2, int, int);
	if (!fd_watched(from) && !fd_watched(to))
		return real_dup2(from, to);
	DUPLICATED(from, real_dup2(from, to))
}

SHOWN int dup3(int from, int to, int flags)
{
	REAL(int, dup3, int, int, int);
	if (!fd_watched(from) && !fd_watched(to))
		return real_dup3(from, to, flags);
	DUPLICATED(from, real_dup3(from, to, flags))
}

#define WATCH_FCNTL(name)                                             \
	SHOWN int name(int from, int command, ...)                    \
	{                                                             \
		REAL(int, name, int, int, ...);                       \
		va_list list;                                         \
		va_start(list, command);                              \
		void *arg = va_arg(list, void *);                     \
		va_end(list);                                         \
		if ((command != F_DUPFD && command != F_DUPFD_CLOEXEC) || !fd_watched(from)) \
			return real_##name(from, command, arg);       \
		DUPLICATED(from, real_##name(from, command, arg))     \
	}

WATCH_FCNTL(fcntl)
#ifdef __GLIBC__
WATCH_FCNTL(fcntl64)
#endif

static void exiting(void)
{
	if (log_foreign())
		return;
	after_fork();
	if (!log_lock())
		return;
	/* A process without a DRM file has no log. */
	if (files_any() && line_begin("exit", 0))
		line_end();
	log_unlock();
}

SHOWN void _exit(int code)
{
	REAL(void, _exit, int);
	exiting();
	real__exit(code);
	__builtin_unreachable();
}

SHOWN void _Exit(int code)
{
	_exit(code);
}

__attribute__((constructor)) static void loaded(void)
{
	log_init();
}

__attribute__((destructor)) static void unloaded(void)
{
	exiting();
}

static void log_call(struct drm_call *call)
{
	static enum decoded (*const decode[])(const struct drm_call *) = {
		[DRIVER_MSM] = msm,	    [DRIVER_NOUVEAU] = nouveau, [DRIVER_XE] = xe,
		[DRIVER_PANTHOR] = panthor, [DRIVER_POWERVR] = powervr,
	};
	bool core = call->nr < 0x40 || call->nr >= 0xa0;
	enum decoded said = core ? drm_core(call) : call->file->driver == DRIVER_OTHER ? UNKNOWN : decode[call->file->driver](call);

	/* A call that is to be made again is not refused. */
	if (call->result != 0 && (call->error == EINTR || call->error == EAGAIN))
		return;
	if (said == EVENT || !event(call, said == UNKNOWN ? "unknown" : "refused", 0))
		return;
	put_u64("nr", call->nr);
	if (said == REFUSED)
		put_u64("errno", (uint64_t)call->error);
	line_end();
}

SHOWN int ioctl(int fd, request_t request_, ...)
{
	unsigned long request = (unsigned)request_;
	struct drm_call call;
	size_t size;
	bool locked;
	va_list list;

	va_start(list, request_);
	void *arg = va_arg(list, void *);
	va_end(list);
	if (_IOC_TYPE(request) != DRM_TYPE)
		return real_ioctl(fd, request_, arg);
	if (!fd_watched(fd) && !is_device(fd))
		return real_ioctl(fd, request_, arg);
	/* A child of vfork may do no more than exec: whether it is one is not asked here, where it would cost a system call. */
	after_fork();
	call.file = fd_file(fd);
	/* It came from elsewhere: over a socket, or from before this program was started. */
	if (!call.file && log_lock()) {
		call.file = fd_file(fd) ? fd_file(fd) : fd_opened(fd);
		log_unlock();
	}
	if (!call.file)
		return real_ioctl(fd, request_, arg);
	call.fd = fd;
	call.nr = _IOC_NR(request);
	locked = gives_back(call.file, call.nr) && log_lock();
	size = _IOC_SIZE(request) < MAX_ARG ? _IOC_SIZE(request) : MAX_ARG;
	memset(call.in, 0, sizeof call.in);
	memset(call.out, 0, sizeof call.out);
	if (arg && (_IOC_DIR(request) & _IOC_WRITE))
		memcpy(call.in, arg, size);
	call.result = real_ioctl(fd, request_, arg);
	call.error = errno;
	if (arg && (_IOC_DIR(request) & _IOC_READ))
		memcpy(call.out, arg, size);
	if (locked || log_lock()) {
		/* Closed by another thread meanwhile: there is nothing to say of it. */
		if (fd_file(fd) == call.file)
			log_call(&call);
		log_unlock();
	}
	errno = call.error;
	return call.result;
}
