#include "base/log_held.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 4096

static bool make_room(struct log_held *held, size_t n)
{
	size_t size = held->size > 0 ? held->size : FIRST_SIZE;
	char *text;

	if (held->size - held->n >= n)
		return true;
	while (size - held->n < n)
		size *= 2;
	if (size > LOG_HELD_MAX)
		return false;
	text = realloc(held->text, size);
	if (!text)
		return false;
	held->text = text;
	held->size = size;
	return true;
}

bool log_held_add(struct log_held *held, const char *line, size_t n)
{
	if (!make_room(held, 1 + n))
		return false;
	if (held->n == 0)
		held->text[held->n++] = '\n';
	memcpy(held->text + held->n, line, n);
	held->n += n;
	return true;
}

const char *log_held_next(const struct log_held *held, const char *line,
			  size_t *n)
{
	const char *end = held->text + held->n, *last;

	if (held->n == 0)
		return NULL;
	line = line ? line + *n : held->text;
	if (line + 1 == end)
		return NULL;
	last = memchr(line + 1, '\n', (size_t)(end - line - 1));
	*n = (size_t)(last - line);
	return line;
}

void log_held_forget(struct log_held *held)
{
	held->n = 0;
}

void log_held_free(struct log_held *held)
{
	free(held->text);
	*held = (struct log_held){0};
}
