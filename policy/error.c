#include <stdarg.h>
#include <stdio.h>

#include "ztp/error.h"
#include "ztp/text.h"

static bool worth_retrying(enum ztp_err code)
{
	return code == ZTP_ERR_NOMEM || code == ZTP_ERR_IO ||
	       code == ZTP_ERR_FULL;
}

int ztp_fail(struct ztp_error *error, enum ztp_err code, const char *format,
	     ...)
{
	va_list args;
	int n;

	if (!error)
		return code;
	error->code = code;
	error->fatal = false;
	error->retriable = worth_retrying(code);
	va_start(args, format);
	n = vsnprintf(error->message, sizeof error->message, format, args);
	va_end(args);
	if (n < 0)
		error->message[0] = '\0';
	/* A message may quote foreign text and is written as JSON later, so
	 * truncation must not leave half a character. */
	if (n >= (int)sizeof error->message)
		error->message[ztp_utf8_cut(error->message,
					    sizeof error->message - 1)] = '\0';
	return code;
}

const char *ztp_err_name(enum ztp_err code)
{
	switch (code) {
	case ZTP_OK:
		return "ok";
#define X(name, number, text)                                                  \
	case ZTP_ERR_##name:                                                   \
		return text;
		ZTP_ERR_LIST(X)
#undef X
	}
	return "unknown";
}
