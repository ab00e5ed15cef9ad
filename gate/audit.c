#include "gate/audit.h"

#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/broker_api.h"
#include "gate/outbox.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define REPORTS_MAX 20 /* per second */

/* Refusals of all addresses together: a record has some 300 bytes. */
static const struct ztp_throttle_rule refusals = {1000, 100};

static cJSON *begin(const char *verdict, const char *code)
{
	cJSON *object = cJSON_CreateObject();

	ztp_tree_put_time(object, "at", ztp_clock_wall());
	ztp_tree_put_text(object, ZTP_M_VERDICT, verdict);
	ztp_tree_put_text(object, ZTP_M_CODE, code);
	return object;
}

static void add(cJSON *object, const char *name, const char *value)
{
	if (value && *value)
		ztp_tree_put_text(object, name, value);
}

/* Refusals have buckets of their own, so that they cannot crowd out the records
 * of devices that were accepted from the same address. */
static bool may_tell(struct ztp_gate *gate, const struct ztp_audit *record,
		     const char *from)
{
	bool refused = strcmp(record->verdict, ZTP_AUDIT_REFUSED) == 0;
	int64_t now = ztp_clock_boot();
	struct {
		struct ztp_throttle_source source;
		uint8_t refused;
	} key = {{{0}}, refused};

	if (!*from || record->always)
		return true;
	ztp_throttle_source(&key.source, from);
	if (!ztp_throttle_take(gate->audit, &key, sizeof(key), from, now))
		return false;
	if (!refused || ztp_bucket_take(&gate->audit_refused, refusals, now))
		return true;
	gate->audit_left_out++;
	return false;
}

void ztp_audit(struct ztp_gate *gate, const struct ztp_audit *record)
{
	const char *from = record->remote_addr ? record->remote_addr : "";
	cJSON *object;

	if (!may_tell(gate, record, from))
		return;
	object = begin(record->verdict, record->code);
	add(object, ZTP_M_DEVICE_PATH, record->path);
	if (record->fingerprint)
		ztp_tree_put_sha256(object, ZTP_M_FINGERPRINT,
				    record->fingerprint);
	add(object, ZTP_M_REMOTE_ADDR, from);
	add(object, ZTP_M_REQUEST_ID, record->request_id);
	(void)ztp_outbox_put(gate, ZTP_MQTT_AUDIT, object, 1);
}

static void tell(const char *address, uint64_t left_out, void *arg)
{
	cJSON *object = begin(ZTP_AUDIT_REFUSED, ZTP_WHY_AUDIT_LIMITED);
	struct ztp_gate *gate = arg;

	add(object, ZTP_M_REMOTE_ADDR, address);
	ztp_tree_put_number(object, ZTP_M_OMITTED, (double)left_out);
	(void)ztp_outbox_put(gate, ZTP_MQTT_AUDIT, object, 1);
}

void ztp_audit_tick(struct ztp_gate *gate, int64_t now_ms)
{
	uint64_t left_out;

	ztp_throttle_drain(gate->audit, REPORTS_MAX, now_ms, tell, gate);
	left_out = gate->audit_left_out;
	gate->audit_left_out = 0;
	if (left_out > 0)
		tell("", left_out, gate);
}
