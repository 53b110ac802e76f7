// SPDX-License-Identifier: MIT
/* The functions that the compiler calls by itself. For bulk, a kernel uses the DMA engine. */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word;

void *memcpy(void *dst, const void *src, size_t bytes)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)d = *(const word *)s;
		d += sizeof(word);
		s += sizeof(word);
	}
	while (bytes--)
		*d++ = *s++;
	return dst;
}

void *memmove(void *dst, const void *src, size_t bytes)
{
	uint8_t *d = dst;
	const uint8_t *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= bytes)
		return memcpy(dst, src, bytes);
	while (bytes--)
		d[bytes] = s[bytes];
	return dst;
}

void *memset(void *dst, int value, size_t bytes)
{
	uint64_t pattern = (uint8_t)value * 0x0101010101010101ull;
	uint8_t *d = dst;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)d = pattern;
		d += sizeof(word);
	}
	while (bytes--)
		*d++ = (uint8_t)value;
	return dst;
}
