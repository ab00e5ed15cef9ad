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

/* What is between "${" and "}". */
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
				"no name of a variable after ${");
	if (!fallback && n != len)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"neither ${NAME} nor ${NAME:-text}");
	if (memmem(inside, len, "${", 2))
		return ztp_fail(error, ZTP_ERR_VALUE, "a ${ inside of ${ }");
	memcpy(name, inside, n);
	name[n] = '\0';
	value = getenv(name);
	if (fallback && (!value || value[0] == '\0'))
		return append(buffer, inside + n + 2, len - n - 2, error);
	if (!value)
		return ztp_fail(error, ZTP_ERR_MISSING,
				"the environment has no ${%s}", name);
	return append(buffer, value, strlen(value), error);
}

/* One step: what is at the start of text; *taken is how much of it. */
static int append_piece(struct buffer *buffer, const char *text, size_t *taken,
			struct ztp_error *error)
{
	size_t n = strcspn(text, "$"), inside;

	*taken = n;
	if (n > 0)
		return append(buffer, text, n, error);
	*taken = 3;
	if (strncmp(text, "$${", 3) == 0)
		return append(buffer, "${", 2, error);
	*taken = 1;
	if (text[1] != '{')
		return append(buffer, text, 1, error);
	inside = strcspn(text + 2, "}");
	*taken = inside + 3;
	if (text[inside + 2] == '\0')
		return ztp_fail(error, ZTP_ERR_VALUE, "a ${ without its }");
	return append_variable(buffer, text + 2, inside, error);
}

int config_expand(char **out, const char *text, struct ztp_error *error)
{
	struct buffer buffer = {0};
	int rc = append(&buffer, "", 0, error);
	size_t taken = 0;

	for (; rc == 0 && *text; text += taken)
		rc = append_piece(&buffer, text, &taken, error);
	if (rc == 0)
		*out = buffer.text;
	else
		free(buffer.text);
	return rc;
}
