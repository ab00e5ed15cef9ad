#include "bridge/config/config_expand.h"
#include <stdlib.h>
#include <string.h>

#define VARIABLE_MAX 128

struct buffer {
	char *text;
	size_t n;
};

static int append(struct buffer *buffer, const char *text, size_t n,
		  struct ztp_error *error)
{
	char *grown;

	if (n > CONFIG_EXPANDED_MAX - buffer->n)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"longer than %d bytes", CONFIG_EXPANDED_MAX);
	grown = realloc(buffer->text, buffer->n + n + 1);
	if (!grown)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	memcpy(grown + buffer->n, text, n);
	buffer->text = grown;
	buffer->n += n;
	grown[buffer->n] = '\0';
	return 0;
}

/* Appends the variable named between "${" and "}". */
static int append_variable(struct buffer *buffer, const char *inside,
			   size_t len, struct ztp_error *error)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t n = strspn(inside, letters);
	bool fallback = n + 2 <= len && strncmp(inside + n, ":-", 2) == 0;
	char name[VARIABLE_MAX + 1];
	const char *value;

	if (n == 0 || n > VARIABLE_MAX ||
	    (inside[0] >= '0' && inside[0] <= '9'))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"${ is not followed by a variable name");
	if (!fallback && n != len)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"expected ${NAME} or ${NAME:-text}");
	if (memmem(inside, len, "${", 2))
		return ztp_fail(error, ZTP_ERR_VALUE, "${ inside ${ }");
	memcpy(name, inside, n);
	name[n] = '\0';
	value = getenv(name);
	if (fallback && (!value || value[0] == '\0'))
		return append(buffer, inside + n + 2, len - n - 2, error);
	if (!value)
		return ztp_fail(error, ZTP_ERR_MISSING,
				"environment variable ${%s} is not set", name);
	return append(buffer, value, strlen(value), error);
}

/* Expands the piece at the start of text, which is *length bytes long. */
static int append_piece(struct buffer *buffer, const char *text, size_t *length,
			struct ztp_error *error)
{
	size_t n = strcspn(text, "$"), inside;

	*length = n;
	if (n > 0)
		return append(buffer, text, n, error);
	*length = 3;
	if (strncmp(text, "$${", 3) == 0)
		return append(buffer, "${", 2, error);
	*length = 1;
	if (text[1] != '{')
		return append(buffer, text, 1, error);
	inside = strcspn(text + 2, "}");
	*length = inside + 3;
	if (text[inside + 2] == '\0')
		return ztp_fail(error, ZTP_ERR_VALUE, "${ without a closing }");
	return append_variable(buffer, text + 2, inside, error);
}

int config_expand(char **out, const char *text, struct ztp_error *error)
{
	struct buffer buffer = {0};
	int rc = append(&buffer, "", 0, error);
	size_t length = 0;

	for (; rc == 0 && *text; text += length)
		rc = append_piece(&buffer, text, &length, error);
	if (rc == 0)
		*out = buffer.text;
	else
		free(buffer.text);
	return rc;
}
