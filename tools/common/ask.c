#include "tools/common/ask.h"

#include <string.h>

#include "ztp/json.h"
#include "ztp/member.h"

/* Copies a string member into a buffer of size bytes; "" if it is absent. */
static int copy_string(char *out, size_t size, const cJSON *object,
		       const char *name, struct ztp_error *error)
{
	const char *text = NULL;
	int rc = ztp_json_string(&text, object, name, size - 1, error);

	if (rc)
		return rc;
	if (text)
		memcpy(out, text, strlen(text) + 1);
	else
		out[0] = '\0';
	return 0;
}

static int read_id(struct ztp_ask *ask, const cJSON *tree,
		   struct ztp_error *error)
{
	int rc = copy_string(ask->request_id, sizeof(ask->request_id), tree,
			     ZTP_M_REQUEST_ID, error);

	if (rc)
		return rc;
	if (!ztp_request_id_valid(ask->request_id, strlen(ask->request_id))) {
		ask->request_id[0] = '\0';
		return ztp_fail(error, ZTP_ERR_VALUE,
				"request_id is missing or not valid");
	}
	return 0;
}

static int read_device(struct ztp_ask *ask, const cJSON *tree,
		       struct ztp_error *error)
{
	const cJSON *device =
		cJSON_GetObjectItemCaseSensitive(tree, ZTP_M_DEVICE);
	int rc;

	if (!cJSON_IsObject(device))
		return ztp_fail(error, ZTP_ERR_MISSING, "device is missing");
	rc = copy_string(ask->path, sizeof(ask->path), device, ZTP_M_PATH,
			 error);
	if (rc)
		return rc;
	return ztp_path_parse(&ask->parts, ask->path, strlen(ask->path), error);
}

static int read_key(struct ztp_ask *ask, const cJSON *certificate,
		    struct ztp_error *error)
{
	const cJSON *key =
		cJSON_GetObjectItemCaseSensitive(certificate, ZTP_M_PUBLIC_KEY);
	int rc;

	if (!key)
		return 0;
	if (!cJSON_IsObject(key))
		return ztp_fail(error, ZTP_ERR_TYPE,
				"public_key is not an object");
	rc = copy_string(ask->key_algorithm, sizeof(ask->key_algorithm), key,
			 ZTP_M_ALGORITHM, error);
	if (rc)
		return rc;
	return ztp_json_int(&ask->key_bits, key, ZTP_M_BITS, 1, 65536, error);
}

static int read_validity(struct ztp_ask *ask, const cJSON *certificate,
			 struct ztp_error *error)
{
	int rc;

	ask->not_before = ask->not_after = INT64_MIN;
	rc = ztp_json_time(&ask->not_before, certificate, ZTP_M_NOT_BEFORE,
			   error);
	if (rc)
		return rc;
	rc = ztp_json_time(&ask->not_after, certificate, ZTP_M_NOT_AFTER,
			   error);
	if (rc)
		return rc;
	ask->has_validity =
		ask->not_before != INT64_MIN && ask->not_after != INT64_MIN;
	return 0;
}

bool ztp_fingerprint_valid(const char *text)
{
	return strlen(text) == ZTP_SHA256_HEX - 1 &&
	       strspn(text, "0123456789abcdef") == ZTP_SHA256_HEX - 1;
}

static int read_certificate(struct ztp_ask *ask, const cJSON *tree,
			    struct ztp_error *error)
{
	const cJSON *certificate =
		cJSON_GetObjectItemCaseSensitive(tree, ZTP_M_CERTIFICATE);
	int rc;

	if (!cJSON_IsObject(certificate))
		return ztp_fail(error, ZTP_ERR_MISSING,
				"certificate is missing");
	rc = copy_string(ask->fingerprint, sizeof(ask->fingerprint),
			 certificate, ZTP_M_FINGERPRINT, error);
	if (rc)
		return rc;
	if (!ztp_fingerprint_valid(ask->fingerprint))
		return ztp_fail(error, ZTP_ERR_VALUE,
				"fingerprint_sha256 is missing or not valid");
	rc = copy_string(ask->subject, sizeof(ask->subject), certificate,
			 ZTP_M_SUBJECT, error);
	if (rc)
		return rc;
	rc = copy_string(ask->issuer, sizeof(ask->issuer), certificate,
			 ZTP_M_ISSUER, error);
	if (rc)
		return rc;
	rc = read_key(ask, certificate, error);
	return rc ? rc : read_validity(ask, certificate, error);
}

int ztp_ask_parse(struct ztp_ask *ask, const char *value, size_t len,
		  struct ztp_error *error)
{
	cJSON *tree = NULL;
	int rc;

	memset(ask, 0, sizeof(*ask));
	if (!value || !len)
		return ztp_fail(error, ZTP_ERR_EMPTY, "empty record");
	rc = ztp_json_parse(&tree, value, len, ZTP_ASK_MAX, error);
	if (rc)
		return rc;
	if (!cJSON_IsObject(tree)) {
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
		goto out;
	}
	rc = read_id(ask, tree, error);
	if (!rc)
		rc = read_device(ask, tree, error);
	if (!rc)
		rc = read_certificate(ask, tree, error);
out:
	cJSON_Delete(tree);
	return rc;
}
