#include "gate/printing.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define HEAD  "{\"" ZTP_M_RESPONSES "\":["
#define TAIL  "]}"
#define FIRST 4096

static bool append(struct ztp_printing *p, const char *text, size_t len)
{
	size_t size = p->size ? p->size : FIRST;
	char *grown;

	while (size - p->len < len)
		size *= 2;
	if (size > p->size) {
		grown = realloc(p->text, size);
		if (!grown)
			return false;
		p->text = grown;
		p->size = size;
	}
	memcpy(p->text + p->len, text, len);
	p->len += len;
	return true;
}

/* Takes the first response out of the list. */
static bool print_one(struct ztp_printing *p, cJSON *list)
{
	cJSON *response = cJSON_DetachItemViaPointer(list, list->child);
	char *text = cJSON_PrintUnformatted(response);
	bool first = p->len == sizeof(HEAD) - 1;
	bool done = text && (first || append(p, ",", 1)) &&
		    append(p, text, strlen(text));

	cJSON_free(text);
	cJSON_Delete(response);
	return done;
}

bool ztp_printing_go(struct ztp_printing *p, cJSON *answer, long *left)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, ZTP_M_RESPONSES);
	bool well = p->len > 0 || append(p, HEAD, sizeof(HEAD) - 1);
	size_t before = p->len;

	while (well && list && list->child && *left > 0) {
		well = print_one(p, list);
		*left -= (long)(p->len - before);
		before = p->len;
	}
	if (well && list && list->child)
		return false;
	if (!well || !append(p, TAIL, sizeof(TAIL) - 1))
		ztp_printing_clear(p);
	return true;
}

void ztp_printing_clear(struct ztp_printing *p)
{
	free(p->text);
	*p = (struct ztp_printing){0};
}
