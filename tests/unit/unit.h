/* SPDX-License-Identifier: MIT */
/* The includes that cmocka wants, in its order. */
#ifndef AXON_TESTS_UNIT_H
#define AXON_TESTS_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#endif
