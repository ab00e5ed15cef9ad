#include "ztp/request.h"
#include "ztp/member.h"

#include <string.h>

#include "policy/json_write.h"

#define RECORD_ROOM 1024 /* bytes; most records fit without growing */

#define DEVICE(name)	  ZTP_M_DEVICE "." name
#define CERTIFICATE(name) ZTP_M_CERTIFICATE "." name
#define PUBLIC_KEY(name)  CERTIFICATE(ZTP_M_PUBLIC_KEY) "." name

/* X(NAME, "dotted.name", may be left out). A decision needs those that may
 * not. */
#define FIELD_LIST(X)                                                          \
	X(REQUEST_ID, ZTP_M_REQUEST_ID, false)                                 \
	X(PATH, DEVICE(ZTP_M_PATH), false)                                     \
	X(SUBSCRIPTION, DEVICE(ZTP_M_SUBSCRIPTION), true)                      \
	X(REGISTRY, DEVICE(ZTP_M_REGISTRY), true)                              \
	X(ID, DEVICE(ZTP_M_ID), true)                                          \
	X(FINGERPRINT, CERTIFICATE(ZTP_M_FINGERPRINT), false)                  \
	X(SUBJECT, CERTIFICATE(ZTP_M_SUBJECT), true)                           \
	X(ISSUER, CERTIFICATE(ZTP_M_ISSUER), true)                             \
	X(SERIAL, CERTIFICATE(ZTP_M_SERIAL), true)                             \
	X(NOT_BEFORE, CERTIFICATE(ZTP_M_NOT_BEFORE), true)                     \
	X(NOT_AFTER, CERTIFICATE(ZTP_M_NOT_AFTER), true)                       \
	X(PUBLIC_KEY, CERTIFICATE(ZTP_M_PUBLIC_KEY), true)                     \
	X(ALGORITHM, PUBLIC_KEY(ZTP_M_ALGORITHM), true)                        \
	X(BITS, PUBLIC_KEY(ZTP_M_BITS), true)                                  \
	X(SPKI, PUBLIC_KEY(ZTP_M_SPKI), true)                                  \
	X(ALT_NAMES, CERTIFICATE(ZTP_M_ALT_NAMES), true)                       \
	X(RECEIVED_AT, ZTP_M_RECEIVED_AT, true)                                \
	X(EXPIRES_AT, ZTP_M_EXPIRES_AT, false)                                 \
	X(ATTEMPT, ZTP_M_ATTEMPT, true)                                        \
	X(CONTENDERS, ZTP_M_CONTENDERS, true)                                  \
	X(DECISION_TOPIC, ZTP_M_DECISION_TOPIC, true)

enum field {
#define X(name, text, may_omit) FIELD_##name,
	FIELD_LIST(X)
#undef X
		FIELDS
};

static const struct {
	const char *name;
	bool may_omit;
} fields[FIELDS] = {
#define X(name, text, may_omit) [FIELD_##name] = {text, may_omit},
	FIELD_LIST(X)
#undef X
};

bool ztp_request_may_omit(const char *field)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(field, fields[i].name))
			return fields[i].may_omit;
	return false;
}

/* A record being built. */
struct build {
	struct ztp_writer out;
	const char *const *omit; /* may be NULL */
};

static bool wanted(const struct build *build, enum field field)
{
	for (const char *const *omit = build->omit; omit && *omit; omit++)
		if (!strcmp(*omit, fields[field].name))
			return !fields[field].may_omit;
	return true;
}

/* The member's name is the part after the field's last dot. */
static const char *member_name(enum field field)
{
	const char *name = fields[field].name;
	const char *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

static void add_string(struct build *build, enum field field, const char *text)
{
	if (wanted(build, field))
		ztp_json_add_string(&build->out, member_name(field), text);
}

static void add_number(struct build *build, enum field field, int number)
{
	if (wanted(build, field))
		ztp_json_add_int(&build->out, member_name(field), number);
}

static void add_time(struct build *build, enum field field, int64_t ms)
{
	if (wanted(build, field))
		ztp_json_add_time(&build->out, member_name(field), ms);
}

static void add_hash(struct build *build, enum field field,
		     const uint8_t hash[ZTP_SHA256_LEN])
{
	if (wanted(build, field))
		ztp_json_add_hex(&build->out, member_name(field), hash,
				 ZTP_SHA256_LEN);
}

static void add_part(struct build *build, enum field field, struct ztp_str part)
{
	if (wanted(build, field))
		ztp_json_add_text(&build->out, member_name(field), part);
}

static void add_device(struct build *build, const struct ztp_path *path)
{
	ztp_json_open(&build->out, ZTP_M_DEVICE, '{');
	add_part(build, FIELD_PATH, path->whole);
	add_part(build, FIELD_SUBSCRIPTION, path->subscription);
	add_part(build, FIELD_REGISTRY, path->registry);
	add_part(build, FIELD_ID, path->device);
	ztp_json_close(&build->out, '}');
}

static void add_public_key(struct build *build, const struct ztp_cert *cert)
{
	if (!wanted(build, FIELD_PUBLIC_KEY))
		return;
	ztp_json_open(&build->out, member_name(FIELD_PUBLIC_KEY), '{');
	add_string(build, FIELD_ALGORITHM,
		   ztp_key_algorithm_name(cert->key_algorithm));
	add_number(build, FIELD_BITS, cert->key_bits);
	add_hash(build, FIELD_SPKI, cert->spki_sha256);
	ztp_json_close(&build->out, '}');
}

static void add_names(struct build *build, const struct ztp_cert *cert)
{
	if (!wanted(build, FIELD_ALT_NAMES))
		return;
	ztp_json_open(&build->out, member_name(FIELD_ALT_NAMES), '[');
	for (size_t i = 0; i < cert->san_count; i++)
		ztp_json_add_string(&build->out, NULL, cert->san[i]);
	ztp_json_close(&build->out, ']');
}

static void add_certificate(struct build *build, const struct ztp_cert *cert)
{
	ztp_json_open(&build->out, ZTP_M_CERTIFICATE, '{');
	add_hash(build, FIELD_FINGERPRINT, cert->fingerprint);
	add_string(build, FIELD_SUBJECT, cert->subject);
	add_string(build, FIELD_ISSUER, cert->issuer);
	add_string(build, FIELD_SERIAL, cert->serial);
	add_time(build, FIELD_NOT_BEFORE, cert->not_before);
	add_time(build, FIELD_NOT_AFTER, cert->not_after);
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
	add_string(&build, FIELD_REQUEST_ID, request->id);
	add_device(&build, request->path);
	add_certificate(&build, request->cert);
	add_time(&build, FIELD_RECEIVED_AT, request->received_at);
	add_time(&build, FIELD_EXPIRES_AT, request->expires_at);
	add_number(&build, FIELD_ATTEMPT, request->attempt);
	add_number(&build, FIELD_CONTENDERS, request->contenders);
	add_string(&build, FIELD_DECISION_TOPIC, request->decision_topic);
	ztp_json_close(&build.out, '}');
	return ztp_json_finish(json, NULL, &build.out, error);
}
