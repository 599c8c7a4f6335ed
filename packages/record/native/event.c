/* What the decoders share. */
#include "record.h"

#include <string.h>

/* Bytes of one element of a list at most: seven numbers, a kind, what stands between them. */
#define ELEMENT 192

bool event(const struct drm_call *call, const char *op, size_t n)
{
	if (!line_begin(op, n * ELEMENT))
		return false;
	put_u64("f", call->file->id);
	return true;
}

enum decoded one_number(const struct drm_call *call, const char *op, const char *key, uint32_t number)
{
	if (call->result)
		return REFUSED;
	if (event(call, op, 0)) {
		put_u64(key, number);
		line_end();
	}
	return EVENT;
}

void element(void *to, size_t size, uint64_t array, size_t i, size_t stride)
{
	size_t have = stride < size ? stride : size;

	memset(to, 0, size);
	memcpy(to, (const char *)(uintptr_t)array + i * stride, have);
}

void put_bind(bool first, const char *kind, uint64_t bo, uint64_t offset, uint64_t va, uint64_t length, uint64_t flags,
	      int64_t pat)
{
	const uint64_t numbers[] = { bo, offset, va, length, flags, (uint64_t)pat };

	put_comma(first);
	put_raw("[\"");
	put_raw(kind);
	put_raw("\"");
	for (int i = 0; i < (pat < 0 ? 5 : 6); i++) {
		put_raw(",");
		put_number(page_if_large(numbers[i]));
	}
	put_raw("]");
}
