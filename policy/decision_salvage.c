/*
 * The strict reader still decides: a text that is not JSON, or that could be read
 * in two ways, names no request. This is for sound JSON that is not a decision,
 * so that its customer gets a result for the request, and not only a dead letter.
 */
#include "policy/decision_salvage.h"

#include <string.h>

#include "ztp/event.h"
#include "ztp/json.h"
#include "ztp/member.h"

enum { REQUEST_ID, DEVICE_PATH, DATA, MEMBERS };

static void take(struct ztp_decision *decision, struct ztp_object *object)
{
	struct ztp_str text = {NULL, 0};
	struct ztp_path parts;

	if (ztp_object_string(&text, object, REQUEST_ID, ZTP_REQUEST_ID_MAX,
			      NULL) == 0 &&
	    text.p && ztp_request_id_valid(text.p, text.n))
		memcpy(decision->request_id, text.p, text.n); /* zeroed */
	if (ztp_object_string(&text, object, DEVICE_PATH, ZTP_PATH_MAX, NULL) ==
		    0 &&
	    text.p && ztp_path_parse(&parts, text.p, text.n, NULL) == 0)
		memcpy(decision->path, text.p, text.n);
}

/* Returns what is in `data`, or nothing. */
static struct ztp_str look(struct ztp_decision *decision, struct ztp_str value)
{
	struct ztp_field fields[MEMBERS] = {
		[REQUEST_ID] = {.name = ZTP_M_REQUEST_ID},
		[DEVICE_PATH] = {.name = ZTP_M_DEVICE_PATH},
		[DATA] = {.name = ZTP_CE_DATA},
	};
	struct ztp_str data = {NULL, 0};
	struct ztp_object object;

	if (ztp_object_read(&object, fields, MEMBERS, value,
			    ZTP_DECISION_SALVAGE_MAX, NULL) != 0)
		return data;
	if (object.is_object)
		take(decision, &object);
	if (fields[DATA].kind == '{')
		data = fields[DATA].raw;
	ztp_object_clear(&object);
	return data;
}

void ztp_decision_salvage(struct ztp_decision *decision, struct ztp_str value)
{
	struct ztp_str data = look(decision, value);

	if (data.p && !*decision->request_id)
		(void)look(decision, data);
}
