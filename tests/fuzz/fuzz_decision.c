/* Decisions in every spelling, up to what the device would get. The first byte
 * chooses the record's headers; with OWN_VALUE the last one's value is the
 * input's first line. */
#include "fuzz.h"

#include "ztp/command.h"
#include "ztp/json.h"

#define HEADER(name, value)                                                    \
	{                                                                      \
		name,                                                          \
		{                                                              \
			value, sizeof(value) - 1                               \
		}                                                              \
	}
#define HEADERS_MAX 4

enum { SET_CHOICE = 7, OWN_VALUE = 8 };

static const struct ztp_header sets[SET_CHOICE + 1][HEADERS_MAX] = {
	{{NULL, {NULL, 0}}},
	{HEADER("content-type", "application/json")},
	{HEADER("content-type", "application/cloudevents+json")},
	{HEADER("ce_id", "1"), HEADER("ce_source", "s"), HEADER("ce_type", "t"),
	 HEADER("ce_specversion", "1.0")},
	{HEADER("ce_specversion", "0.3")},
	{HEADER("traceparent",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")},
	{HEADER("ce_specversion", "1.0"), HEADER("ce_id", "1"),
	 HEADER("ce_source", "s"), HEADER("ce_type", "")},
	{HEADER("ce_specversion", "1.0"),
	 HEADER("content-type", "application/cloudevents+json")},
};

static void build(const struct ztp_decision *decision,
		  enum ztp_command_format format)
{
	struct ztp_command command = {
		.request_id = decision->request_id,
		.path = decision->path,
		.status = decision->verdict ? "approved" : "rejected",
		.reason = decision->reason,
		.message = decision->message,
		.payload = &decision->payload,
	};
	const struct ztp_payload *payload = &decision->payload;
	struct ztp_command_bytes bytes;

	MUST(ztp_command_build(&bytes, format, &command, NULL) == 0);
	if (format == ZTP_COMMAND_RAW)
		MUST(bytes.len == payload->len &&
		     (bytes.len == 0 ||
		      memcmp(bytes.data, payload->data, bytes.len) == 0));
	else
		MUST(ztp_json_check((const char *)bytes.data, bytes.len,
				    1 << 20, NULL) == 0);
	ztp_command_clear(&bytes);
}

static void look_at(const struct ztp_decision *decision)
{
	const struct ztp_payload *payload = &decision->payload;
	uint8_t digest[ZTP_SHA256_LEN];
	struct ztp_path path;

	MUST(ztp_request_id_valid(decision->request_id,
				  strlen(decision->request_id)));
	MUST(!*decision->path ||
	     ztp_path_parse(&path, decision->path, strlen(decision->path),
			    NULL) == 0);
	MUST(payload->len <= ZTP_PAYLOAD_MAX);
	if (payload->kind == ZTP_PAYLOAD_JSON)
		MUST(ztp_json_check((const char *)payload->data, payload->len,
				    ZTP_PAYLOAD_MAX, NULL) == 0);
	ztp_decision_digest(digest, decision);
	build(decision, ZTP_COMMAND_ENVELOPE);
	build(decision, ZTP_COMMAND_RAW);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ztp_header headers[HEADERS_MAX];
	struct ztp_decision decision;
	size_t count = 0;
	char *own = NULL;
	int choice;

	if (size < 1)
		return 0;
	choice = *data++;
	size--;
	memcpy(headers, sets[choice & SET_CHOICE], sizeof(headers));
	while (count < HEADERS_MAX && headers[count].name)
		count++;
	if (choice & OWN_VALUE && count > 0) {
		own = fuzz_line(&data, &size);
		headers[count - 1].value = (struct ztp_str){own, strlen(own)};
	}
	if (ztp_decision_parse(&decision, (const char *)data, size, headers,
			       count, NULL) == 0) {
		look_at(&decision);
		ztp_decision_clear(&decision);
	}
	free(own);
	return 0;
}
