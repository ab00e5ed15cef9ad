/*
 * A customer's rules file. One that is read decides about every request, and
 * says so within the bounds of a decision; one that is refused names its line.
 * Its files are in a folder that does not exist.
 */
#include "fuzz.h"

#include "tools/common/rules.h"

#define FOLDER "/nonexistent/"
#define PATH   "subscriptions/acme/registries/plant-7/devices/pump-4"
#define HEX64  "9f00112233445566778899aabbccddeeff00112233445566778899aabbccddee"

/* Requests as the bridge writes them: with everything, and with as little as
 * its configuration leaves. */
static const char *const requests[] = {
	"{\"request_id\":\"r-1\",\"device\":{\"path\":\"" PATH "\"},"
	"\"certificate\":{\"fingerprint_sha256\":\"" HEX64 "\","
	"\"subject\":\"CN=unused-device\",\"issuer\":\"CN=registry-ca\","
	"\"not_before\":\"2026-01-01T00:00:00.000Z\","
	"\"not_after\":\"2026-02-01T00:00:00.000Z\","
	"\"public_key\":{\"algorithm\":\"EC\",\"bits\":256}}}",
	"{\"request_id\":\"r-2\",\"device\":{\"path\":\"" PATH "\"},"
	"\"certificate\":{\"fingerprint_sha256\":\"" HEX64 "\"}}",
};

static void decide(const struct ztp_rules *rules)
{
	struct ztp_answer answer;
	struct ztp_ask ask;
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		MUST(ztp_ask_parse(&ask, requests[i], strlen(requests[i]),
				   NULL) == 0);
		ztp_rules_decide(&answer, rules, &ask, FUZZ_NOW);
		MUST(!answer.reason || strlen(answer.reason) <= ZTP_REASON_MAX);
		MUST(!answer.message ||
		     strlen(answer.message) <= ZTP_MESSAGE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ztp_error error = {0};
	struct ztp_rules rules;
	char *text = malloc(size + 1);
	size_t i;
	int rc;

	MUST(text);
	for (i = 0; i < size; i++) /* no file but those of FOLDER */
		text[i] = data[i] == '/' ? '_' : (char)data[i];
	rc = ztp_rules_read(&rules, text, size, FOLDER "rules.yaml", &error);
	if (rc == 0) {
		decide(&rules);
		ztp_rules_clear(&rules);
	} else {
		MUST(error.code == (enum ztp_err)rc && *error.message);
	}
	free(text);
	return 0;
}
