#include "tools/common/ask.h"

#include <string.h>

#include "ztp/json.h"
#include "ztp/member.h"

enum member {
	REQUEST_ID,
	DEVICE,
	CERTIFICATE,
	EXPIRES_AT,
	DECISION_TOPIC,
	MEMBERS
};
enum cert { FINGERPRINT, SUBJECT, ISSUER, PUBLIC_KEY, NOT_BEFORE, NOT_AFTER };
#define CERT_MEMBERS (NOT_AFTER + 1)
enum key { ALGORITHM, BITS, KEY_MEMBERS };

static int read_id(struct ztp_ask *ask, struct ztp_object *record,
		   struct ztp_error *error)
{
	int rc = ztp_object_copy(ask->request_id, sizeof(ask->request_id),
				 record, REQUEST_ID, error);

	if (rc)
		return rc;
	if (!ztp_request_id_valid(ask->request_id, strlen(ask->request_id))) {
		ask->request_id[0] = '\0';
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is missing or not valid");
	}
	return 0;
}

static int read_device(struct ztp_ask *ask, const struct ztp_field *field,
		       struct ztp_error *error)
{
	struct ztp_field path = {.name = "path"};
	struct ztp_object device;
	int rc;

	if (field->kind != '{')
		return ztp_fail(error, ZTP_ERR_MISSING, "device is missing");
	rc = ztp_object_read(&device, &path, 1, field->raw, ZTP_ASK_MAX, error);
	if (rc)
		return rc;
	rc = ztp_object_copy(ask->path, sizeof(ask->path), &device, 0, error);
	ztp_object_clear(&device);
	if (rc)
		return rc;
	return ztp_path_parse(&ask->parts, ask->path, strlen(ask->path), error);
}

static int read_key(struct ztp_ask *ask, const struct ztp_field *field,
		    struct ztp_error *error)
{
	struct ztp_field fields[KEY_MEMBERS] = {
		[ALGORITHM] = {.name = "algorithm"},
		[BITS] = {.name = "bits"},
	};
	struct ztp_object key;
	int rc;

	if (!field->kind)
		return 0;
	if (field->kind != '{')
		return ztp_fail(error, ZTP_ERR_TYPE,
				"public_key is not an object");
	rc = ztp_object_read(&key, fields, KEY_MEMBERS, field->raw, ZTP_ASK_MAX,
			     error);
	if (rc)
		return rc;
	rc = ztp_object_copy(ask->key_algorithm, sizeof(ask->key_algorithm),
			     &key, ALGORITHM, error);
	if (!rc)
		rc = ztp_object_int(&ask->key_bits, &key, BITS, 1, 65536,
				    error);
	ztp_object_clear(&key);
	return rc;
}

static int read_validity(struct ztp_ask *ask, struct ztp_object *certificate,
			 struct ztp_error *error)
{
	int rc;

	ask->not_before = ask->not_after = INT64_MIN;
	rc = ztp_object_time(&ask->not_before, certificate, NOT_BEFORE, error);
	if (!rc)
		rc = ztp_object_time(&ask->not_after, certificate, NOT_AFTER,
				     error);
	ask->has_validity = !rc && ask->not_before != INT64_MIN &&
			    ask->not_after != INT64_MIN;
	return rc;
}

bool ztp_fingerprint_valid(const char *text)
{
	size_t n = strlen(text);

	return n == ZTP_SHA256_HEX - 1 && ztp_hex_lower(text, n);
}

static int read_members(struct ztp_ask *ask, struct ztp_object *certificate,
			struct ztp_error *error)
{
	int rc = ztp_object_copy(ask->fingerprint, sizeof(ask->fingerprint),
				 certificate, FINGERPRINT, error);

	if (!rc && !ztp_fingerprint_valid(ask->fingerprint))
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "fingerprint_sha256 is missing or not valid");
	if (!rc)
		rc = ztp_object_copy(ask->subject, sizeof(ask->subject),
				     certificate, SUBJECT, error);
	if (!rc)
		rc = ztp_object_copy(ask->issuer, sizeof(ask->issuer),
				     certificate, ISSUER, error);
	if (!rc)
		rc = read_key(ask, &certificate->fields[PUBLIC_KEY], error);
	return rc ? rc : read_validity(ask, certificate, error);
}

static int read_certificate(struct ztp_ask *ask, const struct ztp_field *field,
			    struct ztp_error *error)
{
	struct ztp_field fields[CERT_MEMBERS] = {
		[FINGERPRINT] = {.name = ZTP_M_FINGERPRINT},
		[SUBJECT] = {.name = "subject"},
		[ISSUER] = {.name = "issuer"},
		[PUBLIC_KEY] = {.name = ZTP_M_PUBLIC_KEY},
		[NOT_BEFORE] = {.name = ZTP_M_NOT_BEFORE},
		[NOT_AFTER] = {.name = ZTP_M_NOT_AFTER},
	};
	struct ztp_object certificate;
	int rc;

	if (field->kind != '{')
		return ztp_fail(error, ZTP_ERR_MISSING,
				"certificate is missing");
	rc = ztp_object_read(&certificate, fields, CERT_MEMBERS, field->raw,
			     ZTP_ASK_MAX, error);
	if (rc)
		return rc;
	rc = read_members(ask, &certificate, error);
	ztp_object_clear(&certificate);
	return rc;
}

int ztp_ask_parse(struct ztp_ask *ask, const char *value, size_t len,
		  struct ztp_error *error)
{
	struct ztp_field fields[MEMBERS] = {
		[REQUEST_ID] = {.name = ZTP_M_REQUEST_ID},
		[DEVICE] = {.name = "device"},
		[CERTIFICATE] = {.name = "certificate"},
		[EXPIRES_AT] = {.name = ZTP_M_EXPIRES_AT},
		[DECISION_TOPIC] = {.name = ZTP_M_DECISION_TOPIC},
	};
	struct ztp_object record;
	int rc;

	memset(ask, 0, sizeof(*ask));
	if (!value || !len)
		return ztp_fail(error, ZTP_ERR_EMPTY, "empty record");
	rc = ztp_object_read(&record, fields, MEMBERS,
			     (struct ztp_str){value, len}, ZTP_ASK_MAX, error);
	if (rc)
		return rc;
	if (!record.is_object)
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	if (!rc)
		rc = read_id(ask, &record, error);
	if (!rc)
		rc = read_device(ask, &fields[DEVICE], error);
	if (!rc)
		rc = read_certificate(ask, &fields[CERTIFICATE], error);
	if (!rc)
		rc = ztp_object_time(&ask->expires_at, &record, EXPIRES_AT,
				     error);
	if (!rc)
		rc = ztp_object_copy(ask->decision_topic,
				     sizeof(ask->decision_topic), &record,
				     DECISION_TOPIC, error);
	ztp_object_clear(&record);
	return rc;
}
