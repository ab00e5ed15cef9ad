#include "gate/audit_list.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "gate/gate.h"
#include "gate/send.h"

void ztp_audit_list_flush(struct ztp_gate *gate)
{
	struct ztp_audit_list *list = &gate->audit_list;

	if (list->count == 0)
		return;
	list->text[list->len++] = ']';
	if (!ztp_send_text(gate, NULL, ZTP_MQTT_AUDITS, list->text, list->len,
			   1, NULL))
		gate->audit_left_out += list->count;
	list->len = 0;
	list->count = 0;
}

/* With its comma or bracket before it, and a bracket after the last one. */
static bool fits(const struct ztp_audit_list *list, size_t len)
{
	return list->count < ZTP_AUDITS_COUNT &&
	       list->len + 1 + len + 1 <= sizeof(list->text);
}

static void add(struct ztp_gate *gate, const char *text, size_t len)
{
	struct ztp_audit_list *list = &gate->audit_list;

	if (!fits(list, len))
		ztp_audit_list_flush(gate);
	if (!fits(list, len)) {
		gate->audit_left_out++;
		return;
	}
	list->text[list->len++] = list->count == 0 ? '[' : ',';
	memcpy(list->text + list->len, text, len);
	list->len += len;
	list->count++;
}

bool ztp_audit_list_send(struct ztp_gate *gate, cJSON *object)
{
	char *text = object ? cJSON_PrintUnformatted(object) : NULL;
	size_t len = text ? strlen(text) : 0;
	bool sent =
		ztp_send_text(gate, NULL, ZTP_MQTT_AUDIT, text, len, 1, NULL);

	if (text)
		add(gate, text, len);
	cJSON_free(text);
	cJSON_Delete(object);
	return sent;
}
