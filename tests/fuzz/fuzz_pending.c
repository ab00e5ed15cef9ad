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

static int is_shown(void *arg, const struct ztp_json_item *item)
{
	static const char *const shown[] = {"request_id", "device_path",
					    "attempt", "received_at"};
	size_t i;

	(void)arg;
	for (i = 0; i < sizeof(shown) / sizeof(*shown); i++)
		if (ztp_json_is(&item->name, shown[i]))
			return 0;
	return ZTP_ERR_VALUE;
}

static void check_shown(const char *json)
{
	MUST(ztp_json_each((struct ztp_str){json, strlen(json)}, 4096, is_shown,
			   NULL, NULL) == 0);
}

static void salvage(const char *text, size_t size)
{
	struct ztp_salvaged salvaged;
	const char *path = salvaged.path;
	const char *id = salvaged.request_id;
	struct ztp_path parts;

	MUST(ztp_pending_salvage(&salvaged, text, size) == 0);
	MUST(!*path || ztp_path_parse(&parts, path, strlen(path), NULL) == 0);
	MUST(!*id || ztp_request_id_valid(id, strlen(id)));
	if (salvaged.json)
		check_shown(salvaged.json);
	ztp_salvaged_clear(&salvaged);
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
