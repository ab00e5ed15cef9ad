#include "tools/serve/body.h"

#include <stdlib.h>
#include <string.h>

#include "base/json_tree.h"
#include "ztp/member.h"

/* What else a native decision may have; it is copied as it is written. */
enum {
	REQUEST_ID,
	DEVICE_PATH,
	FINGERPRINT,
	DECIDED_BY,
	DECISION,
	REASON,
	MESSAGE,
	CONTENT_TYPE,
	PAYLOAD,
	PAYLOAD_BASE64,
	METADATA,
	IS_APPROVE,
	CUSTOM_DATA,
	FIELDS
};

#define MASK(field) (1u << (field))
#define NATIVE                                                                 \
	(MASK(FINGERPRINT) | MASK(DECIDED_BY) | MASK(DECISION) |               \
	 MASK(REASON) | MASK(MESSAGE) | MASK(CONTENT_TYPE) | MASK(PAYLOAD) |   \
	 MASK(PAYLOAD_BASE64) | MASK(METADATA))
#define OMNICORE (MASK(IS_APPROVE) | MASK(CUSTOM_DATA))

static int must_be(struct ztp_object *body, size_t field, const char *expected,
		   struct ztp_error *error)
{
	struct ztp_str text;
	int rc;

	if (!ztp_field_filled(&body->fields[field]))
		return 0;
	rc = ztp_object_string(&text, body, field, BODY_MAX, error);
	if (!rc && !ztp_str_is(text, expected))
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "%s is not that of the address",
			      body->fields[field].name);
	return rc;
}

/* Numbers keep their digits, and members of a payload their order. */
static bool copy_fields(cJSON *record, const struct ztp_object *body,
			unsigned wanted)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct ztp_field *field = &body->fields[i];
		char *raw;

		if (!(wanted & MASK(i)) || !field->kind)
			continue;
		raw = strndup(field->raw.p, field->raw.n);
		if (!raw)
			return false;
		ztp_tree_put_raw(record, field->name, raw);
		free(raw);
	}
	return true;
}

static char *print(const struct ztp_object *body, unsigned wanted,
		   const struct subject *subject)
{
	cJSON *record = cJSON_CreateObject();
	char *text = NULL;

	if (!record)
		return NULL;
	ztp_tree_put_text(record, ZTP_M_REQUEST_ID, subject->id);
	ztp_tree_put_text(record, ZTP_M_DEVICE_PATH, subject->path);
	if (*subject->fingerprint &&
	    (!(wanted & MASK(FINGERPRINT)) ||
	     !ztp_field_filled(&body->fields[FINGERPRINT]))) {
		ztp_tree_put_text(record, ZTP_M_FINGERPRINT,
				  subject->fingerprint);
		wanted &= ~MASK(FINGERPRINT);
	}
	if (*subject->by && (!(wanted & MASK(DECIDED_BY)) ||
			     !ztp_field_filled(&body->fields[DECIDED_BY]))) {
		ztp_tree_put_text(record, ZTP_M_DECIDED_BY, subject->by);
		wanted &= ~MASK(DECIDED_BY);
	}
	if (copy_fields(record, body, wanted))
		text = cJSON_PrintUnformatted(record);
	cJSON_Delete(record);
	return text;
}

/* As the bridge will read it. */
static int check(struct posted *posted, struct ztp_error *error)
{
	struct ztp_decision decision;
	int rc = ztp_decision_parse(&decision, posted->record, posted->len,
				    NULL, 0, error);

	if (rc)
		return rc;
	ztp_decision_digest(posted->digest, &decision);
	ztp_decision_clear(&decision);
	return 0;
}

static int make(struct posted *posted, struct ztp_str body, unsigned wanted,
		const struct subject *subject, struct ztp_error *error)
{
	struct ztp_field fields[FIELDS] = {
		[REQUEST_ID] = {.name = ZTP_M_REQUEST_ID},
		[DEVICE_PATH] = {.name = ZTP_M_DEVICE_PATH},
		[FINGERPRINT] = {.name = ZTP_M_FINGERPRINT},
		[DECIDED_BY] = {.name = ZTP_M_DECIDED_BY},
		[DECISION] = {.name = ZTP_M_DECISION},
		[REASON] = {.name = ZTP_M_REASON},
		[MESSAGE] = {.name = ZTP_M_MESSAGE},
		[CONTENT_TYPE] = {.name = ZTP_M_CONTENT_TYPE},
		[PAYLOAD] = {.name = ZTP_M_PAYLOAD},
		[PAYLOAD_BASE64] = {.name = ZTP_M_PAYLOAD_B64},
		[METADATA] = {.name = ZTP_M_METADATA},
		[IS_APPROVE] = {.name = ZTP_M_IS_APPROVE},
		[CUSTOM_DATA] = {.name = ZTP_M_CUSTOM_DATA},
	};
	struct ztp_object object;
	int rc;

	*posted = (struct posted){.record = NULL};
	rc = ztp_object_read(&object, fields, FIELDS, body, BODY_MAX, error);
	if (rc)
		return rc;
	if (!object.is_object)
		rc = ztp_fail(error, ZTP_ERR_TYPE, "not a JSON object");
	if (!rc)
		rc = must_be(&object, REQUEST_ID, subject->id, error);
	if (!rc)
		rc = must_be(&object, DEVICE_PATH, subject->path, error);
	/* Where it is the only one that says it. */
	if (!rc && !(wanted & MASK(DECISION)) &&
	    !object.fields[IS_APPROVE].kind)
		rc = ztp_fail(error, ZTP_ERR_MISSING,
			      ZTP_M_IS_APPROVE " is missing");
	if (!rc) {
		posted->record = print(&object, wanted, subject);
		if (!posted->record)
			rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	ztp_object_clear(&object);
	if (rc || !posted->record)
		return rc;
	posted->len = strlen(posted->record);
	rc = check(posted, error);
	if (rc)
		posted_clear(posted);
	return rc;
}

int posted_native(struct posted *posted, struct ztp_str body,
		  const struct subject *subject, struct ztp_error *error)
{
	return make(posted, body, NATIVE, subject, error);
}

int posted_omnicore(struct posted *posted, struct ztp_str body,
		    const struct subject *subject, struct ztp_error *error)
{
	return make(posted, body, OMNICORE, subject, error);
}

void posted_clear(struct posted *posted)
{
	cJSON_free(posted->record);
	*posted = (struct posted){.record = NULL};
}

int body_token(char out[TOKEN_MAX + 1], struct ztp_str body,
	       struct ztp_error *error)
{
	struct ztp_field field = {.name = "token"};
	struct ztp_object object;
	int rc = ztp_object_read(&object, &field, 1, body, BODY_MAX, error);

	if (rc)
		return rc;
	rc = ztp_object_copy(out, TOKEN_MAX + 1, &object, 0, error);
	if (!rc && !*out)
		rc = ztp_fail(error, ZTP_ERR_MISSING, "token is missing");
	ztp_object_clear(&object);
	return rc;
}
