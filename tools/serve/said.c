#include <string.h>

#include "tools/serve/book.h"
#include "ztp/json.h"
#include "ztp/member.h"

enum { REQUEST_ID, DEVICE_PATH, OUTCOME, CODE, DECISION, FIELDS };

bool outcome_leaves_open(enum ztp_outcome outcome)
{
	return outcome == ZTP_OUTCOME_UNKNOWN_REQUEST ||
	       outcome == ZTP_OUTCOME_MISMATCH ||
	       outcome == ZTP_OUTCOME_INVALID;
}

static bool read_outcome(struct said *said, struct ztp_object *record)
{
	char name[64];

	if (ztp_object_copy(name, sizeof(name), record, OUTCOME, NULL) != 0)
		return false;
	for (int i = 0; i < ZTP_OUTCOME_COUNT; i++)
		if (!strcmp(name, ztp_outcome_name((enum ztp_outcome)i))) {
			said->outcome = (enum ztp_outcome)i;
			return true;
		}
	return false;
}

/* Without a position it is about no decision. */
static void read_decision(struct said *said, const struct ztp_field *field)
{
	struct ztp_field fields[] = {{.name = ZTP_M_TOPIC},
				     {.name = ZTP_M_PARTITION},
				     {.name = ZTP_M_OFFSET}};
	struct ztp_object object;
	int64_t partition = -1;

	said->offset = -1;
	if (field->kind != '{' ||
	    ztp_object_read(&object, fields, 3, field->raw, BOOK_RESULT_MAX,
			    NULL) != 0)
		return;
	said->has_decision = ztp_object_copy(said->topic, sizeof(said->topic),
					     &object, 0, NULL) == 0 &&
			     ztp_object_int(&partition, &object, 1, 0,
					    INT32_MAX, NULL) == 0 &&
			     ztp_object_int(&said->offset, &object, 2, 0,
					    INT64_MAX, NULL) == 0 &&
			     partition >= 0 && said->offset >= 0;
	said->partition = (int32_t)partition;
	ztp_object_clear(&object);
}

bool said_read(struct said *said, const char *text, size_t len)
{
	struct ztp_field fields[FIELDS] = {
		[REQUEST_ID] = {.name = ZTP_M_REQUEST_ID},
		[DEVICE_PATH] = {.name = ZTP_M_DEVICE_PATH},
		[OUTCOME] = {.name = ZTP_M_OUTCOME},
		[CODE] = {.name = ZTP_M_CODE},
		[DECISION] = {.name = ZTP_M_DECISION}};
	struct ztp_object record;
	int64_t code = 0;
	bool ok;

	memset(said, 0, sizeof(*said));
	said->text = text;
	said->len = len;
	if (!text || ztp_object_read(&record, fields, FIELDS,
				     (struct ztp_str){text, len},
				     BOOK_RESULT_MAX, NULL) != 0)
		return false;
	ok = ztp_object_copy(said->id, sizeof(said->id), &record, REQUEST_ID,
			     NULL) == 0 &&
	     ztp_object_copy(said->path, sizeof(said->path), &record,
			     DEVICE_PATH, NULL) == 0 &&
	     ztp_object_int(&code, &record, CODE, 200, 599, NULL) == 0 &&
	     read_outcome(said, &record) &&
	     ztp_request_id_valid(said->id, strlen(said->id));
	said->code = code ? (int)code : ztp_outcome_code(said->outcome);
	if (ok)
		read_decision(said, &fields[DECISION]);
	ztp_object_clear(&record);
	return ok;
}
