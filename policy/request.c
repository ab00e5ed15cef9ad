#include "ztp/request.h"

#include <string.h>

#include "policy/json_write.h"

#define RECORD_ROOM 2048 /* bytes; most records fit without growing */

/* A decision needs all other members. */
static const char *const omittable[] = {
	"device.subscription",
	"device.registry",
	"device.id",
	"certificate.subject",
	"certificate.issuer",
	"certificate.serial",
	"certificate.not_before",
	"certificate.not_after",
	"certificate.public_key",
	"certificate.public_key.algorithm",
	"certificate.public_key.bits",
	"certificate.public_key.spki_sha256",
	"certificate.subject_alt_names",
	"received_at",
	"attempt",
	"contenders",
	"decision_topic",
};

bool ztp_request_may_omit(const char *field)
{
	for (size_t i = 0; i < sizeof(omittable) / sizeof(*omittable); i++)
		if (!strcmp(field, omittable[i]))
			return true;
	return false;
}

/* A record being built. */
struct build {
	struct ztp_writer out;
	const char *const *omit; /* may be NULL */
};

static bool wanted(const struct build *build, const char *field)
{
	for (const char *const *omit = build->omit; omit && *omit; omit++)
		if (!strcmp(*omit, field))
			return !ztp_request_may_omit(field);
	return true;
}

/* The member's name is the part after the field's last dot. */
static const char *member_name(const char *field)
{
	const char *dot = strrchr(field, '.');

	return dot ? dot + 1 : field;
}

static void add_string(struct build *build, const char *field, const char *text)
{
	if (wanted(build, field))
		ztp_json_add_string(&build->out, member_name(field), text);
}

static void add_number(struct build *build, const char *field, int number)
{
	if (wanted(build, field))
		ztp_json_add_int(&build->out, member_name(field), number);
}

static void add_time(struct build *build, const char *field, int64_t ms)
{
	if (wanted(build, field))
		ztp_json_add_time(&build->out, member_name(field), ms);
}

static void add_hash(struct build *build, const char *field,
		     const uint8_t hash[ZTP_SHA256_LEN])
{
	if (wanted(build, field))
		ztp_json_add_hex(&build->out, member_name(field), hash,
				 ZTP_SHA256_LEN);
}

static void add_part(struct build *build, const char *field,
		     struct ztp_str part)
{
	if (wanted(build, field))
		ztp_json_add_text(&build->out, member_name(field), part);
}

static void add_device(struct build *build, const struct ztp_path *path)
{
	ztp_json_open(&build->out, "device", '{');
	add_part(build, "device.path", path->whole);
	add_part(build, "device.subscription", path->subscription);
	add_part(build, "device.registry", path->registry);
	add_part(build, "device.id", path->device);
	ztp_json_close(&build->out, '}');
}

static void add_public_key(struct build *build, const struct ztp_cert *cert)
{
	static const char field[] = "certificate.public_key";

	if (!wanted(build, field))
		return;
	ztp_json_open(&build->out, member_name(field), '{');
	add_string(build, "certificate.public_key.algorithm",
		   cert->key_algorithm == ZTP_KEY_RSA ? "RSA" : "EC");
	add_number(build, "certificate.public_key.bits", cert->key_bits);
	add_hash(build, "certificate.public_key.spki_sha256",
		 cert->spki_sha256);
	ztp_json_close(&build->out, '}');
}

static void add_names(struct build *build, const struct ztp_cert *cert)
{
	static const char field[] = "certificate.subject_alt_names";

	if (!wanted(build, field))
		return;
	ztp_json_open(&build->out, member_name(field), '[');
	for (size_t i = 0; i < cert->san_count; i++)
		ztp_json_add_string(&build->out, NULL, cert->san[i]);
	ztp_json_close(&build->out, ']');
}

static void add_certificate(struct build *build, const struct ztp_cert *cert)
{
	ztp_json_open(&build->out, "certificate", '{');
	add_hash(build, "certificate.fingerprint_sha256", cert->fingerprint);
	add_string(build, "certificate.subject", cert->subject);
	add_string(build, "certificate.issuer", cert->issuer);
	add_string(build, "certificate.serial", cert->serial);
	add_time(build, "certificate.not_before", cert->not_before);
	add_time(build, "certificate.not_after", cert->not_after);
	add_public_key(build, cert);
	add_names(build, cert);
	ztp_json_close(&build->out, '}');
}

int ztp_request_build(char **json, const struct ztp_request *request,
		      const char *const *omit, struct ztp_error *error)
{
	struct build build = {.omit = omit};

	ztp_json_start(&build.out, RECORD_ROOM);
	ztp_json_open(&build.out, NULL, '{');
	add_string(&build, "request_id", request->id);
	add_device(&build, request->path);
	add_certificate(&build, request->cert);
	add_time(&build, "received_at", request->received_at);
	add_time(&build, "expires_at", request->expires_at);
	add_number(&build, "attempt", request->attempt);
	add_number(&build, "contenders", request->contenders);
	add_string(&build, "decision_topic", request->decision_topic);
	ztp_json_close(&build.out, '}');
	return ztp_json_finish(json, NULL, &build.out, error);
}
