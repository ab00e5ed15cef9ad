#include <string.h>

#include "base/json_tree.h"
#include "tools/serve/body.h"
#include "ztp/cert.h"
#include "ztp/fingerprint.h"

static bool fingerprint_of(uint8_t out[ZTP_SHA256_LEN], const char *text)
{
	struct ztp_cert cert;
	size_t len = strlen(text);

	if (ztp_fingerprint_parse(out, text, len))
		return true;
	if (len > ZTP_CERT_TEXT_MAX || ztp_cert_parse(&cert, text, len, NULL))
		return false;
	memcpy(out, cert.fingerprint, ZTP_SHA256_LEN);
	ztp_cert_clear(&cert);
	return true;
}

/* As deep as a JSON text may be. What is no certificate is what says of which
 * kind it is, or until when it is valid. */
static void collect(struct credentials *credentials, const cJSON *node)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];
	const cJSON *child;

	if (credentials->count == CREDENTIALS_MAX)
		return;
	if (cJSON_IsString(node) &&
	    fingerprint_of(fingerprint, node->valuestring))
		ztp_hex_encode(credentials->fingerprints[credentials->count++],
			       fingerprint, sizeof(fingerprint));
	cJSON_ArrayForEach (child, node)
		collect(credentials, child);
}

static bool is_given(const cJSON *node)
{
	return node && !cJSON_IsNull(node) &&
	       !(cJSON_IsString(node) && !*node->valuestring) &&
	       !(cJSON_IsArray(node) && !node->child);
}

int credentials_read(struct credentials *credentials, struct ztp_str body,
		     struct ztp_error *error)
{
	cJSON *tree;
	const cJSON *node;
	int rc = ztp_tree_parse(&tree, body.p, body.n, BODY_MAX, error);

	*credentials = (struct credentials){.count = 0};
	if (rc)
		return rc;
	node = cJSON_GetObjectItemCaseSensitive(tree, "credentials");
	credentials->given = is_given(node);
	if (credentials->given) {
		collect(credentials, node);
		if (!credentials->count)
			rc = ztp_fail(error, ZTP_ERR_VALUE,
				      "credentials names no certificate and no "
				      "fingerprint");
	}
	cJSON_Delete(tree);
	return rc;
}

bool credentials_name(const struct credentials *credentials,
		      const char *fingerprint)
{
	for (size_t i = 0; i < credentials->count; i++)
		if (strcmp(credentials->fingerprints[i], fingerprint) == 0)
			return true;
	return false;
}
