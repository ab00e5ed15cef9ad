#include <string.h>

#include "policy/ascii.h"
#include "ztp/path.h"

bool ztp_id_valid(const char *text, size_t len)
{
	if (len < 1 || len > ZTP_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool inside = ztp_ascii_unreserved(text[i]) || text[i] == '%';

		if (i == 0 ? !ztp_ascii_alnum(text[i]) : !inside)
			return false;
	}
	return true;
}

bool ztp_registry_name_valid(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash && ztp_id_valid(name, (size_t)(slash - name)) &&
	       ztp_id_valid(slash + 1, strlen(slash + 1));
}

/* Takes an id, up to the next '/' or the end. */
static bool take_id(struct ztp_str *rest, struct ztp_str *id)
{
	const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;

	id->p = rest->p;
	id->n = slash ? (size_t)(slash - rest->p) : rest->n;
	rest->p += id->n;
	rest->n -= id->n;
	return ztp_id_valid(id->p, id->n);
}

int ztp_path_parse(struct ztp_path *path, const char *text, size_t len,
		   struct ztp_error *error)
{
	struct ztp_str rest = {text, len};

	if (len > ZTP_PATH_MAX)
		return ztp_fail(error, ZTP_ERR_PATH,
				"device path longer than %d bytes",
				ZTP_PATH_MAX);
	path->whole = rest;
	if (!ztp_str_take(&rest, ZTP_PATH_SUBSCRIPTION) ||
	    !take_id(&rest, &path->subscription) ||
	    !ztp_str_take(&rest, ZTP_PATH_REGISTRY) ||
	    !take_id(&rest, &path->registry) ||
	    !ztp_str_take(&rest, ZTP_PATH_DEVICE) ||
	    !take_id(&rest, &path->device) || rest.n != 0)
		return ztp_fail(error, ZTP_ERR_PATH,
				"not a device path (subscriptions/{s}/"
				"registries/{r}/devices/{d})");
	return 0;
}
