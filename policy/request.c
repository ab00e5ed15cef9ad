#include "ztp/request.h"

#include <cjson/cJSON.h>
#include <string.h>

#define RECORD_ROOM 2048 /* bytes; most records fit without growing */

/* Everything else is what a decision is made of. */
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

/* One object on its way; ok turns false when memory ran out. */
struct build {
	const char *const *omit;
	bool ok;
};

static bool wanted(const struct build *build, const char *field)
{
	if (!build->omit || !ztp_request_may_omit(field))
		return true;
	for (const char *const *omit = build->omit; *omit; omit++)
		if (!strcmp(*omit, field))
			return false;
	return true;
}

/* The member's own name is what follows the last dot of the field. */
static const char *member_name(const char *field)
{
	const char *dot = strrchr(field, '.');

	return dot ? dot + 1 : field;
}

static void add_string(struct build *build, cJSON *object, const char *field,
		       const char *text)
{
	if (build->ok && wanted(build, field))
		build->ok = cJSON_AddStringToObject(object, member_name(field),
						    text);
}

static void add_number(struct build *build, cJSON *object, const char *field,
		       int number)
{
	if (build->ok && wanted(build, field))
		build->ok = cJSON_AddNumberToObject(object, member_name(field),
						    number);
}

static void add_time(struct build *build, cJSON *object, const char *field,
		     int64_t ms)
{
	char text[ZTP_TIME_LEN];

	ztp_time_format(text, ms);
	add_string(build, object, field, text);
}

static void add_hash(struct build *build, cJSON *object, const char *field,
		     const uint8_t hash[ZTP_SHA256_LEN])
{
	char text[ZTP_SHA256_HEX];

	ztp_hex_encode(text, hash, ZTP_SHA256_LEN);
	add_string(build, object, field, text);
}

/* A part of a path, which is at most ZTP_PATH_MAX bytes. */
static void add_part(struct build *build, cJSON *object, const char *field,
		     struct ztp_str part)
{
	char text[ZTP_PATH_MAX + 1];

	if (part.n > ZTP_PATH_MAX) {
		build->ok = false;
		return;
	}
	memcpy(text, part.p, part.n);
	text[part.n] = '\0';
	add_string(build, object, field, text);
}

/* NULL when it is left out or memory ran out. */
static cJSON *add_object(struct build *build, cJSON *object, const char *field)
{
	cJSON *child = NULL;

	if (build->ok && wanted(build, field)) {
		child = cJSON_AddObjectToObject(object, member_name(field));
		build->ok = child;
	}
	return child;
}

static void add_device(struct build *build, cJSON *record,
		       const struct ztp_path *path)
{
	cJSON *device = add_object(build, record, "device");

	if (!device)
		return;
	add_part(build, device, "device.path", path->whole);
	add_part(build, device, "device.subscription", path->subscription);
	add_part(build, device, "device.registry", path->registry);
	add_part(build, device, "device.id", path->device);
}

static void add_public_key(struct build *build, cJSON *object,
			   const struct ztp_cert *cert)
{
	cJSON *key = add_object(build, object, "certificate.public_key");

	if (!key)
		return;
	add_string(build, key, "certificate.public_key.algorithm",
		   cert->key_algorithm == ZTP_KEY_RSA ? "RSA" : "EC");
	add_number(build, key, "certificate.public_key.bits", cert->key_bits);
	add_hash(build, key, "certificate.public_key.spki_sha256",
		 cert->spki_sha256);
}

static void add_names(struct build *build, cJSON *object,
		      const struct ztp_cert *cert)
{
	static const char field[] = "certificate.subject_alt_names";
	cJSON *names, *name;

	if (!build->ok || !wanted(build, field))
		return;
	names = cJSON_AddArrayToObject(object, member_name(field));
	build->ok = names;
	for (size_t i = 0; build->ok && i < cert->san_count; i++) {
		name = cJSON_CreateString(cert->san[i]);
		build->ok = name && cJSON_AddItemToArray(names, name);
	}
}

static void add_certificate(struct build *build, cJSON *record,
			    const struct ztp_cert *cert)
{
	cJSON *object = add_object(build, record, "certificate");

	if (!object)
		return;
	add_hash(build, object, "certificate.fingerprint_sha256",
		 cert->fingerprint);
	add_string(build, object, "certificate.subject", cert->subject);
	add_string(build, object, "certificate.issuer", cert->issuer);
	add_string(build, object, "certificate.serial", cert->serial);
	add_time(build, object, "certificate.not_before", cert->not_before);
	add_time(build, object, "certificate.not_after", cert->not_after);
	add_public_key(build, object, cert);
	add_names(build, object, cert);
}

int ztp_request_build(char **json, const struct ztp_request *request,
		      const char *const *omit, struct ztp_error *error)
{
	struct build build = {omit, true};
	cJSON *record = cJSON_CreateObject();

	*json = NULL;
	build.ok = record;
	if (record) {
		add_string(&build, record, "request_id", request->id);
		add_device(&build, record, request->path);
		add_certificate(&build, record, request->cert);
		add_time(&build, record, "received_at", request->received_at);
		add_time(&build, record, "expires_at", request->expires_at);
		add_number(&build, record, "attempt", request->attempt);
		add_number(&build, record, "contenders", request->contenders);
		add_string(&build, record, "decision_topic",
			   request->decision_topic);
	}
	if (build.ok)
		*json = cJSON_PrintBuffered(record, RECORD_ROOM, false);
	cJSON_Delete(record);
	if (!*json)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	return 0;
}
