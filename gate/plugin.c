/*
 * The functions that Mosquitto looks up. A gate that cannot start keeps the
 * broker from starting: without it, nobody would check the devices.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "gate/acl.h"
#include "gate/answers.h"
#include "gate/asked.h"
#include "gate/auth.h"
#include "gate/broker_api.h"
#include "gate/control.h"
#include "gate/gate.h"
#include "gate/listeners.h"
#include "gate/log.h"
#include "gate/open_files.h"
#include "gate/outbox.h"
#include "gate/pending.h"
#include "gate/stored.h"
#include "gate/sweeps.h"
#include "gate/tick.h"
#include "gate/topics.h"
#include "gate/verified.h"
#include "ztp/gate_protocol.h"

#define AUDIT_BURST   200
#define AUDIT_RECORDS 20
#define TELL_BURST    20 /* of one device's subscriptions */
#define TELL_A_SECOND 1

static void gate_free(struct ztp_gate *gate)
{
	if (!gate)
		return;
	ztp_pending_stop(gate);
	ztp_client_list_clear(&gate->touched);
	ztp_client_list_clear(&gate->kicks);
	ztp_client_list_clear(&gate->over);
	ztp_client_list_clear(&gate->hanging);
	ztp_asked_clear(&gate->commands);
	ztp_sweeps_clear(gate);
	ztp_outbox_clear(&gate->outbox);
	ztp_cells_clear(&gate->cells);
	ztp_effort_free(gate->effort);
	ztp_recent_free(gate->verified);
	ztp_throttle_free(gate->audit);
	ztp_throttle_free(gate->answers);
	ztp_throttle_free(gate->tells);
	ztp_sessions_free(gate->sessions);
	ztp_registries_free(gate->registries);
	ztp_topics_free(gate->topics);
	ztp_db_close(gate->db);
	ztp_options_clear(&gate->options);
	free(gate);
}

static int gate_start(struct ztp_gate *gate, const struct mosquitto_opt *opts,
		      int count, struct ztp_error *error)
{
	int rc = ztp_options_read(&gate->options, opts, count, error);

	if (rc == 0)
		rc = ztp_listeners_check(error);
	if (rc == 0)
		rc = ztp_db_open(&gate->db, gate->options.registry_db, error);
	if (rc == 0)
		rc = ztp_topics_load(&gate->topics, gate->db,
				     gate->options.command_topic, error);
	if (rc == 0)
		rc = ztp_registries_load(&gate->registries, gate->db, error);
	if (rc == 0)
		rc = ztp_sweeps_reload(gate, error);
	if (rc == 0)
		rc = ztp_db_start(gate->db, error);
	if (rc != 0)
		return rc;
	gate->sessions = ztp_sessions_new(gate->options.command_topic);
	gate->effort = ztp_effort_new();
	gate->verified = ztp_recent_new(ZTP_VERIFIED_MS);
	gate->audit = ztp_throttle_new(
		(struct ztp_throttle_rule){AUDIT_BURST, AUDIT_RECORDS});
	gate->answers = ztp_answers_new();
	gate->tells = ztp_throttle_new(
		(struct ztp_throttle_rule){TELL_BURST, TELL_A_SECOND});
	if (!gate->sessions || !gate->effort || !gate->verified ||
	    !gate->audit || !gate->answers || !gate->tells)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	ztp_stored_start(gate);
	gate->next_expiry = INT64_MAX;
	ztp_round_now(&gate->offers.round);
	ztp_round_now(&gate->withdrawals);
	return 0;
}

static const struct {
	int event;
	MOSQ_FUNC_generic_callback callback;
	const char *topic;
} callbacks[] = {
	{MOSQ_EVT_BASIC_AUTH, ztp_auth_basic, NULL},
	{MOSQ_EVT_ACL_CHECK, ztp_acl_check, NULL},
	{MOSQ_EVT_DISCONNECT, ztp_auth_disconnect, NULL},
	{MOSQ_EVT_RELOAD, ztp_auth_reload, NULL},
	{MOSQ_EVT_TICK, ztp_tick, NULL},
	{MOSQ_EVT_CONTROL, ztp_control, ZTP_MQTT_CONTROL},
	{MOSQ_EVT_CLIENT_OFFLINE, ztp_auth_offline, NULL},
};
#define CALLBACKS (sizeof(callbacks) / sizeof(*callbacks))

/* The broker decides which events exist, not the headers: the last one is new
 * in 2.1. */
static int register_all(struct ztp_gate *gate, mosquitto_plugin_id_t *id)
{
	int rc = 0;

	gate->id = id;
	for (size_t i = 0; rc == 0 && i < CALLBACKS; i++) {
		bool offline = callbacks[i].event == MOSQ_EVT_CLIENT_OFFLINE;

		rc = mosquitto_callback_register(id, callbacks[i].event,
						 callbacks[i].callback,
						 callbacks[i].topic, gate);
		if (offline && rc == 0)
			gate->tells_offline = true;
		else if (offline && rc == MOSQ_ERR_NOT_SUPPORTED)
			rc = 0;
	}
	return rc;
}

/* 2.0 would not call us any more, but it would not free the registrations
 * either. An error does not matter: a callback may not have been registered. */
static void unregister_all(struct ztp_gate *gate)
{
	for (size_t i = 0; i < CALLBACKS; i++)
		(void)mosquitto_callback_unregister(
			gate->id, callbacks[i].event, callbacks[i].callback,
			callbacks[i].topic);
}

int mosquitto_plugin_version(int supported_version_count,
			     const int *supported_versions)
{
	for (int i = 0; i < supported_version_count; i++)
		if (supported_versions[i] == 5)
			return 5;
	return -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier, void **userdata,
			  struct mosquitto_opt *options, int option_count)
{
	struct ztp_gate *gate = calloc(1, sizeof(*gate));
	struct ztp_error error = {0};
	int rc = MOSQ_ERR_UNKNOWN;
	long files;

	if (!gate)
		return MOSQ_ERR_NOMEM;
	if (gate_start(gate, options, option_count, &error) != 0) {
		ztp_gate_log_error(&error);
		goto fail;
	}
	rc = register_all(gate, identifier);
	if (rc != 0) {
		ztp_gate_log(MOSQ_LOG_ERR,
			     "cannot register its callbacks: error %d", rc);
		unregister_all(gate);
		goto fail;
	}
	ztp_gate_log(MOSQ_LOG_INFO, "version %s, %zu registries", ZTP_VERSION,
		     ztp_registries_count(gate->registries));
	files = ztp_open_files_raise();
	if (files > 0)
		ztp_gate_log(MOSQ_LOG_INFO, "open files raised to %ld", files);
	*userdata = gate;
	return MOSQ_ERR_SUCCESS;
fail:
	gate_free(gate);
	return rc;
}

/* The broker has closed every session by now. */
int mosquitto_plugin_cleanup(void *userdata, struct mosquitto_opt *options,
			     int option_count)
{
	struct ztp_gate *gate = userdata;
	struct ztp_error error = {0};

	(void)options;
	(void)option_count;
	if (!gate)
		return MOSQ_ERR_SUCCESS;
	unregister_all(gate);
	if (ztp_db_commit(gate->db, &error) != 0)
		ztp_gate_log_error(&error);
	ztp_proven_flush(ztp_effort_proven(gate->effort), gate->db,
			 ztp_clock_wall());
	if (ztp_db_stop(gate->db, &error) != 0)
		ztp_gate_log_error(&error);
	gate_free(gate);
	return MOSQ_ERR_SUCCESS;
}
