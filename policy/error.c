#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ztp/codec.h"
#include "ztp/error.h"

/* A message may quote somebody else's text; a cut must not leave half a
 * character, because the message goes on into JSON. */
static void trim_character(char *text, size_t cap)
{
	size_t len = strlen(text), at = 0, step;

	if (len + 1 < cap)
		return;
	while (at < len && (step = ztp_utf8_char(text + at, len - at)) > 0)
		at += step;
	if (len - at < 4)
		text[at] = '\0';
}

static bool worth_retrying(enum ztp_err code)
{
	return code == ZTP_ERR_NOMEM || code == ZTP_ERR_IO ||
	       code == ZTP_ERR_FULL;
}

int ztp_fail(struct ztp_error *error, enum ztp_err code, const char *format,
	     ...)
{
	va_list args;

	if (!error)
		return code;
	error->code = code;
	error->fatal = false;
	error->retriable = worth_retrying(code);
	va_start(args, format);
	if (vsnprintf(error->message, sizeof error->message, format, args) < 0)
		error->message[0] = '\0';
	va_end(args);
	trim_character(error->message, sizeof error->message);
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
