/* SPDX-License-Identifier: MIT */
/* Enough of UTF-8 for tokenizers. */
#ifndef AXON_RUNTIME_UTF8_H
#define AXON_RUNTIME_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the sequence that @lead announces; 1 for a byte that cannot lead one. */
size_t utf8_len(uint8_t lead);

/*
 * Decode the sequence at the front of @n bytes. Returns its length and the code point, or 0 when
 * it is malformed (truncated, overlong, a surrogate, beyond U+10FFFF).
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *code);

/* Encode a code point; returns the length, 1 to 4. */
size_t utf8_encode(uint32_t code, char out[4]);

/* How many of the last bytes begin a sequence that more bytes could complete: 0 to 3. */
size_t utf8_incomplete(const char *s, size_t n);

#endif
