#include "tests/unit/exact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztp/error.h"

char *exact_copy(const char *text, size_t n)
{
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	return copy;
}

char *exact_print(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	assert_true(vasprintf(&text, format, args) >= 0);
	va_end(args);
	return text;
}

void exact_code(const char *what, int got, int want)
{
	if (got != want)
		fail_msg("%s: %d (%s), not %d (%s)", what, got,
			 got ? ztp_err_name((enum ztp_err)got) : "ok", want,
			 want ? ztp_err_name((enum ztp_err)want) : "ok");
}
