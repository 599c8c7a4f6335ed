/* The log: one JSON object a line, in a file that is mapped, so that it outlives a program that is killed. */
#ifndef GPUVM_LOG_H
#define GPUVM_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes the log. False in a signal handler that came upon its own thread in here, and where nothing is recorded (any more):
 * then there is nothing to write, and no log_unlock to call. */
bool log_lock(void);
void log_unlock(void);

/* All below: with the log taken. */

/* Begins a line with its time and operation; `room`: bytes that it takes at most beyond 256. False: the log has ended. */
bool line_begin(const char *op, size_t room);
void line_end(void);

void put_u64(const char *key, uint64_t value);
/* An address or a length: above 2^53, where JSON's readers have no exact integers, the start of its page. */
void put_address(const char *key, uint64_t value);
void put_string(const char *key, const char *value, size_t length);
void put_raw(const char *text);
void put_number(uint64_t value);
/* `,` before every element of a list but the first. */
void put_comma(bool first);
uint64_t page_if_large(uint64_t value);

/* Whether this process is one that fork made of the one that the state in memory belongs to; that state is then made new. */
bool log_forked(void);
/* A vfork child shares its parent's memory: it must not touch the state. */
bool log_foreign(void);

/* Called once, when the library is loaded. */
void log_init(void);

#endif
