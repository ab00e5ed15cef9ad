#include "tools/serve/target.h"

#include <stdio.h>
#include <string.h>

#include "tools/serve/text.h"

#define SEGMENT_MAX 1024
#define POST	    "POST"
#define DECISION    "decision"
#define OMNICORE    "updateCustomOnboardRequest"

static const struct {
	const char *address;
	enum place place;
} fixed[] = {
	{"/", PLACE_PAGE},
	{"/openapi.json", PLACE_OPENAPI},
	{ZTP_HTTP_HEALTH, PLACE_HEALTH},
	{ZTP_HTTP_READY, PLACE_READY},
	{"/v1/session", PLACE_SESSION},
	{ZTP_HTTP_REQUESTS, PLACE_REQUESTS},
};

/* Takes the segment before the next slash, decoded. *good: it could be. False:
 * there is none. */
static bool segment(char out[SEGMENT_MAX], bool *good, const char **rest)
{
	size_t n = strcspn(*rest, "/");

	if (!n)
		return false;
	*good = text_decode(out, SEGMENT_MAX, *rest, n);
	*rest += n + ((*rest)[n] == '/');
	return true;
}

static bool word(const char **rest, const char *expected)
{
	char text[SEGMENT_MAX];
	bool good;

	return segment(text, &good, rest) && good &&
	       strcmp(text, expected) == 0;
}

static void read_request(struct target *target, const char *rest)
{
	char id[SEGMENT_MAX];
	bool good;

	if (!segment(id, &good, &rest))
		return;
	if (good && ztp_request_id_valid(id, strlen(id)))
		memcpy(target->id, id, strlen(id) + 1);
	if (!*rest && rest[-1] != '/')
		target->place = PLACE_REQUEST;
	else if (strcmp(rest, DECISION) == 0)
		target->place = PLACE_DECISION;
}

static void read_device(struct target *target, const char *rest)
{
	char s[SEGMENT_MAX], r[SEGMENT_MAX], d[SEGMENT_MAX];
	bool good_s, good_r, good_d;

	if (!segment(s, &good_s, &rest) || !word(&rest, "registries") ||
	    !segment(r, &good_r, &rest) || !word(&rest, "devices") ||
	    !segment(d, &good_d, &rest) || strcmp(rest, OMNICORE) != 0)
		return;
	target->place = PLACE_OMNICORE;
	if (good_s && good_r && good_d && ztp_id_valid(s, strlen(s)) &&
	    ztp_id_valid(r, strlen(r)) && ztp_id_valid(d, strlen(d)))
		(void)snprintf(target->path, sizeof(target->path),
			       ZTP_PATH_SUBSCRIPTION "%.255s" ZTP_PATH_REGISTRY
						     "%.255s" ZTP_PATH_DEVICE
						     "%.255s",
			       s, r, d);
}

void target_read(struct target *target, const char *address)
{
	struct ztp_str rest = ztp_str_of(address);

	*target = (struct target){.place = PLACE_NONE};
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (strcmp(address, fixed[i].address) == 0)
			target->place = fixed[i].place;
	if (target->place != PLACE_NONE)
		return;
	if (ztp_str_take(&rest, ZTP_HTTP_REQUESTS "/"))
		read_request(target, rest.p);
	else if (ztp_str_take(&rest, "/" ZTP_PATH_SUBSCRIPTION))
		read_device(target, rest.p);
}

enum method method_read(const char *name)
{
	static const struct {
		const char *name;
		enum method method;
	} table[] = {{"GET", METHOD_GET},
		     {"HEAD", METHOD_GET},
		     {POST, METHOD_POST},
		     {"DELETE", METHOD_DELETE}};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(name, table[i].name) == 0)
			return table[i].method;
	return METHOD_OTHER;
}

bool target_takes(enum place place, enum method method)
{
	if (place == PLACE_SESSION)
		return method == METHOD_POST || method == METHOD_DELETE;
	if (place == PLACE_DECISION || place == PLACE_OMNICORE)
		return method == METHOD_POST;
	return method == METHOD_GET;
}

const char *target_allows(enum place place)
{
	if (place == PLACE_SESSION)
		return "DELETE, POST";
	return target_takes(place, METHOD_POST) ? POST : "GET, HEAD";
}
