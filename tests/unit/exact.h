/*
 * exact.h - what the tests of records share: copies of exactly a text's size
 * on the heap, so that ASan sees a read beyond it.
 */
#ifndef ZTP_TEST_EXACT_H
#define ZTP_TEST_EXACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* n bytes of text in an allocation of n bytes; free() it. */
char *exact_copy(const char *text, size_t n);

/* A formatted text of any length; free() it. */
char *exact_print(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Fails the test, naming `what`, unless the two codes agree. */
void exact_code(const char *what, int got, int want);

#endif
