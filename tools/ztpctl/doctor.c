/*
 * `ztpctl doctor` checks the broker's configuration, the broker, and the gate
 * in it. Each finding is a line, and so is whatever could not be checked.
 */
#include "tools/ztpctl/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "tools/common/cli.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

#define VERSION_TOPIC	"$SYS/broker/version"
#define VERSION_WAIT_MS 500

/* The tests are run with 2.0.11 to 2.1. */
static bool is_known(const char *version)
{
	return strncmp(version, "2.1.", 4) == 0 ||
	       (strncmp(version, "2.0.", 4) == 0 &&
		strtol(version + 4, NULL, 10) >= 11);
}

/* The message is retained, so it has arrived by the time of the gate's answer,
 * which was asked for later. */
static void check_version(struct ztp_doctor *doctor, const char *what)
{
	struct ztp_error error = {0};
	const char *version;
	char *text = NULL;

	if (ztp_client_listen(doctor->ctl->client, VERSION_TOPIC, &error) !=
		    0 ||
	    ztp_client_next(doctor->ctl->client, VERSION_TOPIC, VERSION_WAIT_MS,
			    &text, &error) <= 0) {
		/* It is not wrong if this user may not read it. */
		ztp_doctor_say(
			doctor, ZTP_FINDING_OK, what,
			"unknown: this user may not read " VERSION_TOPIC);
		return;
	}
	version = text + strcspn(text, "0123456789");
	if (is_known(version))
		ztp_doctor_say(doctor, ZTP_FINDING_OK, what, "Mosquitto %s",
			       version);
	else
		ztp_doctor_say(doctor, ZTP_FINDING_WARNING, what,
			       "%.100s: the gate is tested with Mosquitto "
			       "2.0.11 to 2.1",
			       text);
	free(text);
}

static void check_gate(struct ztp_doctor *doctor, const char *what)
{
	cJSON *response = NULL;
	struct ztp_error error = {0};
	const char *version, *code;

	if (ztp_client_ask(doctor->ctl->client, ZTP_CMD_GET_INFO,
			   cJSON_CreateObject(), &response, &error) != 0) {
		ztp_doctor_say(doctor, ZTP_FINDING_ERROR, what, "%s",
			       error.message);
		return;
	}
	code = ztp_tree_text(response, "code");
	doctor->info_at = ztp_clock_wall();
	doctor->info =
		cJSON_DetachItemFromObjectCaseSensitive(response, ZTP_M_DATA);
	version = ztp_tree_text(doctor->info, "version");
	if (!*version)
		ztp_doctor_say(
			doctor, ZTP_FINDING_ERROR, what,
			"it answers %s: is this user in plugin_opt_operators?",
			*code ? code : "without a code");
	else
		ztp_doctor_say(doctor, ZTP_FINDING_OK, what,
			       "version %s; ztpctl is " ZTP_VERSION, version);
	cJSON_Delete(response);
}

/* The file may have changed since the broker read it: plugin options are read
 * at start only. */
static void check_topic(struct ztp_doctor *doctor, const char *what)
{
	const char *now = ztp_tree_text(doctor->info, ZTP_M_COMMAND_TOPIC);
	const char *then = doctor->facts.command_topic;

	if (!*now)
		return;
	if (doctor->has_facts && *then && strcmp(now, then) != 0)
		ztp_doctor_say(
			doctor, ZTP_FINDING_ERROR, what,
			"the gate uses %s, but the configuration says %s: "
			"restart the broker, and set the same for the bridge",
			now, then);
	else
		ztp_doctor_say(
			doctor, ZTP_FINDING_OK, what,
			"%s; the bridge's mqtt.command_topic must be the same",
			now);
}

static const struct {
	const char *what;
	ztp_doctor_check *check;
} table[] = {
	{"gate_answers", check_gate},
	{"broker_version", check_version},
	{ZTP_M_COMMAND_TOPIC, check_topic},
	{ZTP_M_SUBSCRIPTIONS, ztp_doctor_cells},
	{"clock", ztp_doctor_clock},
};

static void read_facts(struct ztp_doctor *doctor)
{
	struct ztp_error error = {0};

	if (ztp_broker_facts_read(&doctor->facts, doctor->ctl->broker_config,
				  &error) != 0) {
		ztp_doctor_say(doctor, ZTP_FINDING_ERROR, "broker_config", "%s",
			       error.message);
		return;
	}
	doctor->has_facts = true;
	ztp_doctor_config(doctor);
}

static void ask_broker(struct ztp_doctor *doctor)
{
	struct ztp_ctl *ctl = doctor->ctl;
	struct ztp_error error = {0};

	if (ztp_client_open(&ctl->client, &ctl->broker, &error) != 0) {
		ztp_doctor_say(doctor, ZTP_FINDING_ERROR, "broker", "%s",
			       error.message);
		return;
	}
	ztp_doctor_say(doctor, ZTP_FINDING_OK, "broker", "%s", ctl->broker.url);
	/* If this is refused, the version stays unknown. */
	(void)ztp_client_listen(ctl->client, VERSION_TOPIC, NULL);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		table[i].check(doctor, table[i].what);
}

int ztp_ctl_doctor(struct ztp_ctl *ctl)
{
	struct ztp_doctor doctor = {.ctl = ctl};

	if (ctl->json)
		doctor.findings = cJSON_CreateArray();
	if (ctl->broker_config)
		read_facts(&doctor);
	if (ctl->bridge)
		ztp_doctor_group(&doctor, "bridges");
	ask_broker(&doctor);
	if (doctor.findings)
		ztp_ctl_print_json(doctor.findings);
	cJSON_Delete(doctor.findings);
	cJSON_Delete(doctor.info);
	return doctor.wrong ? ZTP_EXIT_FAILED : ZTP_EXIT_OK;
}
