/* Pending events: what is good is within its limits, and what is shown of a
 * bad one is JSON without anything secret. */
#include "fuzz.h"

#include "ztp/json.h"
#include "ztp/pending.h"

static void look_at(const struct ztp_pending *pending)
{
	struct ztp_path path;

	MUST(ztp_path_parse(&path, pending->path, strlen(pending->path),
			    NULL) == 0);
	MUST(pending->parts.whole.p == pending->path);
	MUST(!*pending->request_id ||
	     ztp_request_id_valid(pending->request_id,
				  strlen(pending->request_id)));
	MUST(pending->expires_at <= FUZZ_NOW + ZTP_EXPIRY_MAX_MS);
	MUST(!*pending->traceparent ||
	     ztp_traceparent_valid(pending->traceparent,
				   strlen(pending->traceparent)));
	MUST(ztp_cert_check_leaf(&pending->cert, FUZZ_NOW, NULL) == 0);
}

static void salvage(const char *text, size_t size)
{
	static const char *const never[] = {"password", "jwt", "certificate",
					    "username"};
	char path[ZTP_PATH_MAX + 1];
	struct ztp_path parts;
	struct ztp_str value;
	char *json = NULL;
	size_t i;

	MUST(ztp_pending_salvage(&json, path, text, size) == 0);
	MUST(!*path || ztp_path_parse(&parts, path, strlen(path), NULL) == 0);
	if (*json) {
		MUST(ztp_json_check(json, strlen(json), 4096, NULL) == 0);
		for (i = 0; i < sizeof(never) / sizeof(*never); i++)
			MUST(!ztp_json_member(&value, json, strlen(json),
					      never[i]));
	}
	free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct ztp_pending pending;

	if (ztp_pending_parse(&pending, text, size, FUZZ_NOW, NULL) == 0) {
		look_at(&pending);
		ztp_pending_clear(&pending);
	}
	salvage(text, size);
	return 0;
}
