#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A child of fork often has but a line or two. */
#define FIRST_WINDOW (1u << 16)
#define WINDOW (1u << 20)
#define LINE_HEAD 256

static struct {
	pthread_mutex_t lock;
	pid_t pid;
	int fd;
	bool off;          /* nothing is recorded (any more) */
	char *window;      /* the part of the file that is mapped */
	size_t window_size;
	uint64_t window_at; /* its place in the file */
	size_t used;       /* bytes of it that are written */
	uint64_t deadline; /* ns of CLOCK_MONOTONIC; 0: none */
	uint64_t max_bytes;
	char dir[4000];
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1, .off = true };

/* The kernel clears this page in a child of fork, of whatever kind: no call has to be made to find out. */
static volatile char *own_page;
static __thread int depth __attribute__((tls_model("initial-exec")));
static unsigned lost;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Not by open and close: those are watched. */
static int raw_open(const char *path, int flags)
{
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static void raw_close(int fd)
{
	syscall(SYS_close, fd);
}

/* One line for each process that the library is loaded in: without any, the program could not be watched. */
static void announce(const char *how)
{
	char path[4200], text[400], exe[300];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	int fd, length;

	exe[n > 0 ? n : 0] = 0;
	for (char *c = exe; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20)
			*c = '?';
	snprintf(path, sizeof path, "%s/processes", state.dir);
	fd = raw_open(path, O_WRONLY | O_CREAT | O_APPEND);
	if (fd < 0)
		return;
	length = snprintf(text, sizeof text, "{\"pid\":%d,\"parent\":%d,\"how\":\"%s\",\"exe\":\"%s\"}\n", (int)getpid(),
			  (int)getppid(), how, exe);
	if (write(fd, text, (size_t)length) != length)
		state.off = true;
	raw_close(fd);
}

static uint64_t number_of(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : 0;
}

void log_init(void)
{
	const char *dir = getenv("GPUVM_RECORD_DIR");
	uint64_t only_of = number_of("GPUVM_RECORD_ONLY_OF");

	if (!dir || strlen(dir) >= sizeof state.dir)
		return;
	strcpy(state.dir, dir);
	state.pid = getpid();
	own_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own_page == MAP_FAILED)
		return;
	*own_page = 1;
	madvise((void *)own_page, 4096, MADV_WIPEONFORK);
	if (only_of && (uint64_t)getppid() != only_of)
		return;
	state.deadline = number_of("GPUVM_RECORD_UNTIL_NS");
	state.max_bytes = number_of("GPUVM_RECORD_MAX_BYTES");
	state.off = false;
	announce("start");
}

bool log_foreign(void)
{
	return own_page && *own_page && getpid() != state.pid;
}

bool log_forked(void)
{
	if (!own_page || *own_page)
		return false;
	/* The lock may be held by a thread that this process does not have. */
	pthread_mutex_init(&state.lock, NULL);
	if (state.window)
		munmap(state.window, state.window_size);
	if (state.fd >= 0)
		raw_close(state.fd);
	state.window = NULL;
	state.fd = -1;
	state.window_at = state.used = 0;
	state.pid = getpid();
	depth = 0;
	*own_page = 1;
	if (number_of("GPUVM_RECORD_ONLY_OF"))
		state.off = true;
	if (!state.off)
		announce("fork");
	return true;
}

/* Opens the file of this process; the same number comes again after exec. */
static bool open_file(void)
{
	char path[4200];

	for (int i = 1; i < 10000; i++) {
		snprintf(path, sizeof path, "%s/%d.%d.log", state.dir, (int)state.pid, i);
		state.fd = raw_open(path, O_RDWR | O_CREAT | O_EXCL);
		if (state.fd >= 0 || errno != EEXIST)
			break;
	}
	return state.fd >= 0;
}

/* Room for one more line. The space is taken from the disk first: a full disk must not kill the program by SIGBUS. */
static bool room_for(size_t bytes)
{
	uint64_t at = state.window_at + state.used;
	uint64_t start = at & ~4095ull;
	size_t size = ((size_t)(at - start) + bytes + (at ? WINDOW : FIRST_WINDOW)) & ~4095ull;

	if (state.window && state.used + bytes <= state.window_size)
		return true;
	if (state.fd < 0 && !open_file())
		return false;
	if (state.window)
		munmap(state.window, state.window_size);
	state.window = NULL;
	if (posix_fallocate(state.fd, (off_t)start, (off_t)size) != 0)
		return false;
	state.window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, state.fd, (off_t)start);
	if (state.window == MAP_FAILED) {
		state.window = NULL;
		return false;
	}
	state.window_size = size;
	state.window_at = start;
	state.used = (size_t)(at - start);
	return true;
}

bool log_lock(void)
{
	if (state.off)
		return false;
	if (depth) {
		__atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
		return false;
	}
	depth = 1;
	pthread_mutex_lock(&state.lock);
	if (!state.off)
		return true;
	log_unlock();
	return false;
}

void log_unlock(void)
{
	pthread_mutex_unlock(&state.lock);
	depth = 0;
}

void put_raw(const char *text)
{
	size_t n = strlen(text);

	memcpy(state.window + state.used, text, n);
	state.used += n;
}

void put_number(uint64_t value)
{
	char digits[20];
	int n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n)
		state.window[state.used++] = digits[--n];
}

void put_u64(const char *key, uint64_t value)
{
	put_raw(",\"");
	put_raw(key);
	put_raw("\":");
	put_number(value);
}

uint64_t page_if_large(uint64_t value)
{
	return value >> 53 ? value & ~4095ull : value;
}

void put_address(const char *key, uint64_t value)
{
	put_u64(key, page_if_large(value));
}

void put_string(const char *key, const char *value, size_t length)
{
	put_raw(",\"");
	put_raw(key);
	put_raw("\":\"");
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)value[i];

		if (c == '"' || c == '\\')
			state.window[state.used++] = '\\';
		state.window[state.used++] = c < 0x20 ? '?' : (char)c;
	}
	put_raw("\"");
}

void put_comma(bool first)
{
	if (!first)
		put_raw(",");
}

static void head(const char *op, uint64_t t)
{
	put_raw("{\"t\":");
	put_number(t);
	put_raw(",\"op\":\"");
	put_raw(op);
	put_raw("\"");
}

static void stop(const char *why, uint64_t t)
{
	if (room_for(LINE_HEAD)) {
		head("stop", t);
		put_string("why", why, strlen(why));
		line_end();
	}
	state.off = true;
}

bool line_begin(const char *op, size_t room)
{
	uint64_t t = now();
	unsigned missed;

	if (state.off)
		return false;
	if (state.deadline && t >= state.deadline) {
		stop("the time of --max-seconds was over", t);
		return false;
	}
	if (state.max_bytes && state.window_at + state.used + room + LINE_HEAD > state.max_bytes) {
		stop("the log had the size of --max-mb", t);
		return false;
	}
	if (!room_for(room + 3 * LINE_HEAD)) {
		/* The window may be gone: there is no more to be said in it. */
		state.off = true;
		announce("full");
		return false;
	}
	missed = __atomic_exchange_n(&lost, 0, __ATOMIC_RELAXED);
	if (missed) {
		head("lost", t);
		put_u64("calls", missed);
		line_end();
	}
	head(op, t);
	return true;
}

void line_end(void)
{
	put_raw("}\n");
}
