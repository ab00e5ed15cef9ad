/*
 * tests/unit/exact.h - copies of exactly a text's size on the heap, so that
 * ASan notices a read beyond its end.
 */
#ifndef ZTP_TEST_EXACT_H
#define ZTP_TEST_EXACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A copy of n bytes in an allocation of n bytes; free() it. */
char *exact_copy(const char *text, size_t n);

/* A formatted text of any length; free() it. */
char *exact_print(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Fails the test, naming `what`, unless the two codes are equal. */
void exact_code(const char *what, int got, int want);

#endif
