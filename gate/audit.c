#include "gate/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/broker_api.h"
#include "gate/publish.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static cJSON *begin(const char *verdict, const char *code)
{
	cJSON *object = cJSON_CreateObject();

	ztp_tree_add_time(object, "at", ztp_clock_wall());
	cJSON_AddStringToObject(object, ZTP_M_VERDICT, verdict);
	cJSON_AddStringToObject(object, ZTP_M_CODE, code);
	return object;
}

static void add(cJSON *object, const char *name, const char *value)
{
	if (value && *value)
		cJSON_AddStringToObject(object, name, value);
}

void ztp_audit(struct ztp_gate *gate, const struct ztp_audit *record)
{
	const char *from = record->remote_addr ? record->remote_addr : "";
	struct ztp_throttle_source source = {{0}};
	cJSON *object;

	ztp_throttle_source(&source, from);
	if (*from && !record->always &&
	    !ztp_throttle_take(gate->audit, source.bytes, sizeof(source.bytes),
			       from, ztp_clock_boot()))
		return;
	object = begin(record->verdict, record->code);
	add(object, ZTP_M_DEVICE_PATH, record->path);
	if (record->fingerprint)
		ztp_tree_add_sha256(object, ZTP_M_FINGERPRINT,
				    record->fingerprint);
	add(object, ZTP_M_REMOTE_ADDR, from);
	add(object, ZTP_M_REQUEST_ID, record->request_id);
	(void)ztp_publish_json(NULL, ZTP_MQTT_AUDIT, object, 1, NULL);
}

static void tell(const char *address, uint64_t left_out, void *arg)
{
	cJSON *object = begin(ZTP_AUDIT_REFUSED, ZTP_WHY_AUDIT_LIMITED);

	(void)arg;
	add(object, ZTP_M_REMOTE_ADDR, address);
	cJSON_AddNumberToObject(object, ZTP_M_OMITTED, (double)left_out);
	(void)ztp_publish_json(NULL, ZTP_MQTT_AUDIT, object, 1, NULL);
}

void ztp_audit_tick(struct ztp_gate *gate, int64_t now_ms)
{
	ztp_throttle_drain(gate->audit, now_ms, tell, NULL);
}
