// SPDX-License-Identifier: MIT
#include "../axon.h"

#include <stdarg.h>

#define MESSAGE_BYTES 256

struct message {
	size_t used;
	char text[MESSAGE_BYTES];
};

/* One conversion: %[flags][width][.precision][size]letter */
struct conversion {
	bool left, zero;
	unsigned int width;
	int precision; /* -1: none given */
	unsigned int longs;
	char letter;
};

static void put(struct message *message, char c)
{
	if (message->used < MESSAGE_BYTES)
		message->text[message->used++] = c;
}

/* sign, then body, padded to the width. */
static void put_field(struct message *message, const struct conversion *conv, const char *sign,
		      const char *body, size_t length)
{
	size_t signs = *sign ? 1 : 0;
	size_t pad = conv->width > length + signs ? conv->width - length - signs : 0;

	if (!conv->left && !conv->zero)
		for (; pad; pad--)
			put(message, ' ');
	if (signs)
		put(message, *sign);
	if (!conv->left)
		for (; pad; pad--)
			put(message, '0');
	while (length--)
		put(message, *body++);
	for (; pad; pad--)
		put(message, ' ');
}

/* Digits of value before `end`; returns the first. */
static char *digits(char *end, uint64_t value, unsigned int base)
{
	do {
		*--end = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	return end;
}

static void put_integer(struct message *message, const struct conversion *conv, uint64_t value,
			bool negative)
{
	char text[24], *end = text + sizeof(text);
	char *start = digits(end, value, conv->letter == 'x' || conv->letter == 'p' ? 16 : 10);

	put_field(message, conv, negative ? "-" : "", start, end - start);
}

/* Fixed notation with up to nine decimals; what is too large for it is shown as inf or nan. */
static void put_double(struct message *message, const struct conversion *conv, double value)
{
	unsigned int decimals = conv->precision < 0 ? 6 : conv->precision > 9 ? 9 : conv->precision;
	char text[40], *end = text + sizeof(text), *start;
	const char *sign = __builtin_signbit(value) ? "-" : "";
	uint64_t scale = 1, whole, rest;

	value = __builtin_fabs(value);
	if (value != value || value >= 9e18) {
		put_field(message, conv, sign, value != value ? "nan" : "inf", 3);
		return;
	}
	for (unsigned int i = 0; i < decimals; i++)
		scale *= 10;
	whole = value;
	rest = (value - whole) * scale + 0.5;
	if (rest >= scale) {
		rest -= scale;
		whole++;
	}
	if (decimals) {
		start = digits(end, rest, 10);
		while (end - start < (int)decimals)
			*--start = '0';
		*--start = '.';
	} else {
		start = end;
	}
	start = digits(start, whole, 10);
	put_field(message, conv, sign, start, end - start);
}

static void put_string(struct message *message, struct conversion *conv, const char *text)
{
	size_t length = 0;

	conv->zero = false;
	while (text[length] && (conv->precision < 0 || length < (size_t)conv->precision))
		length++;
	put_field(message, conv, "", text, length);
}

static const char *parse_number(const char *at, unsigned int *number)
{
	for (*number = 0; *at >= '0' && *at <= '9'; at++)
		*number = *number * 10 + (*at - '0');
	return at;
}

/* Reads a conversion behind its %; returns what follows it. */
static const char *parse(const char *at, struct conversion *conv)
{
	unsigned int number;

	*conv = (struct conversion){.precision = -1};
	for (;; at++) {
		if (*at == '-')
			conv->left = true;
		else if (*at == '0')
			conv->zero = true;
		else
			break;
	}
	at = parse_number(at, &conv->width);
	if (*at == '.') {
		at = parse_number(at + 1, &number);
		conv->precision = number;
	}
	for (; *at == 'l' || *at == 'z'; at++)
		conv->longs++;
	conv->letter = *at;
	return *at ? at + 1 : at;
}

static int64_t signed_arg(const struct conversion *conv, va_list *args)
{
	return conv->longs ? va_arg(*args, long) : va_arg(*args, int);
}

static uint64_t unsigned_arg(const struct conversion *conv, va_list *args)
{
	return conv->longs ? va_arg(*args, unsigned long) : va_arg(*args, unsigned int);
}

static void convert(struct message *message, struct conversion *conv, va_list *args)
{
	int64_t value;

	switch (conv->letter) {
	case 'd':
	case 'i':
		value = signed_arg(conv, args);
		put_integer(message, conv, value < 0 ? -(uint64_t)value : (uint64_t)value,
			    value < 0);
		break;
	case 'u':
	case 'x': put_integer(message, conv, unsigned_arg(conv, args), false); break;
	case 'p':
		put(message, '0');
		put(message, 'x');
		put_integer(message, conv, (uintptr_t)va_arg(*args, void *), false);
		break;
	case 'f': put_double(message, conv, va_arg(*args, double)); break;
	case 'c': put(message, va_arg(*args, int)); break;
	case 's': put_string(message, conv, va_arg(*args, const char *)); break;
	default: put(message, conv->letter);
	}
}

void axon_printf(const char *format, ...)
{
	struct message message;
	struct conversion conv;
	va_list args;

	message.used = 0;
	va_start(args, format);
	while (*format) {
		char c = *format++;

		if (c != '%') {
			put(&message, c);
			continue;
		}
		format = parse(format, &conv);
		convert(&message, &conv, &args);
	}
	va_end(args);
	axon_log(message.text, message.used);
}
