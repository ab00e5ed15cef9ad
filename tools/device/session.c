/*
 * The connections to the broker, one after the other, until there is an answer.
 */
#include "tools/device/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "base/clock.h"
#include "tools/common/broker_address.h"
#include "tools/common/cli.h"
#include "tools/common/out_file.h"
#include "tools/common/tls_probe.h"
#include "ztp/command.h"
#include "ztp/path.h"

#define CONNECT_S      10
#define ANSWER_MS      10000
#define RECEIVE_MS     200
#define SESSION_WEEK_S (7 * 24 * 3600)
#define PAUSE_MAX_MS   4000
#define PROBE_MAX_MS   5000
#define PROBE_MIN_MS   500
/* After --wait, for an answer that is on its way; see ANSWER_MS. */
#define LATE_MS 15000

/* How the tries went, which tells a refusal from an absence. */
struct tries {
	bool refused; /* a broker refused one */
	bool other;   /* one ended otherwise */
	bool let_in;  /* a broker let one in */
};

static bool is_5(const struct device *d)
{
	return d->version == MQTTVERSION_5;
}

/* --- connecting */

/* CONNACK's reason or return code, or negative: there was none. */
static int connect_as(const struct device *d, MQTTClient client,
		      MQTTClient_connectOptions *how)
{
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTProperty week = {.identifier =
				     MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
			     .value.integer4 = SESSION_WEEK_S};
	MQTTResponse response;
	int code;

	if (!is_5(d))
		return MQTTClient_connect(client, how);
	if (MQTTProperties_add(&properties, &week) != 0)
		return MQTTCLIENT_FAILURE;
	response = MQTTClient_connect5(client, how, &properties, NULL);
	code = (int)response.reasonCode;
	MQTTResponse_free(response);
	MQTTProperties_free(&properties);
	return code;
}

/* A new JWT each time, because the last may have expired, and a session that is
 * kept, so that an answer that comes meanwhile is received. */
static int connect_now(const struct device *d, MQTTClient client, EVP_PKEY *key,
		       const char *username, int64_t deadline)
{
	int64_t left_s = (deadline - ztp_clock_boot() + 999) / 1000;
	MQTTClient_connectOptions five = MQTTClient_connectOptions_initializer5;
	MQTTClient_connectOptions three = MQTTClient_connectOptions_initializer;
	MQTTClient_connectOptions *how = is_5(d) ? &five : &three;
	MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
	char *jwt = device_jwt(d, key);
	int code;

	if (!jwt)
		return MQTTCLIENT_FAILURE;
	tls.trustStore = d->ca;
	tls.verify = 1;
	how->ssl = d->secure ? &tls : NULL;
	how->cleansession = how->cleanstart = 0;
	how->connectTimeout = left_s > CONNECT_S ? CONNECT_S
			      : left_s > 0	 ? (int)left_s
						 : 1;
	how->username = username;
	how->password = jwt;
	how->MQTTVersion = d->version;
	code = connect_as(d, client, how);
	free(jwt);
	return code;
}

/* Will the broker say so again, whenever it is asked? MQTT 5 section 3.2.2.2,
 * MQTT 3.1.1 section 3.2.2.3. */
static bool is_final(const struct device *d, int code)
{
	if (!is_5(d))
		return code != 3; /* server unavailable */
	return code != MQTTREASONCODE_SERVER_UNAVAILABLE &&
	       code != MQTTREASONCODE_SERVER_BUSY &&
	       code != MQTTREASONCODE_QUOTA_EXCEEDED &&
	       code != MQTTREASONCODE_USE_ANOTHER_SERVER &&
	       code != MQTTREASONCODE_CONNECTION_RATE_EXCEEDED;
}

/* What is left of the time is enough for a broker that answers at all. */
static int64_t probe_ms(int64_t deadline)
{
	int64_t left = deadline - ztp_clock_boot();

	return left > PROBE_MAX_MS   ? PROBE_MAX_MS
	       : left > PROBE_MIN_MS ? left
				     : PROBE_MIN_MS;
}

static void warn_refused(const struct device *d, int code, int64_t deadline)
{
	const char *why =
		is_5(d) ? MQTTReasonCode_toString((enum MQTTReasonCodes)code)
			: NULL;
	char found[ZTP_TLS_WHY_MAX];

	if (code < 0) { /* paho does not say why */
		ztp_tls_probe(found, d->url, d->ca, probe_ms(deadline));
		ztp_cli_warn(PROGRAM, "%s: %s", d->url,
			     *found ? found : "cannot connect");
	} else {
		ztp_cli_warn(PROGRAM,
			     "%s: refused with code %d%s%s; the operator sees "
			     "the reason in the audit",
			     d->url, code, why ? ": " : "", why ? why : "");
	}
}

/* --- what is received */

/* What was saved before is not replaced by an approval that has lost its payload:
 * nobody has another copy of that. */
static bool save(const struct device *d, const struct command *command,
		 struct ztp_str answer, struct ztp_error *error)
{
	if (command->erased && d->out && command_is_in(command, d->out))
		return true;
	if (command->erased)
		(void)ztp_fail(error, ZTP_ERR_EMPTY,
			       "approved, but the payload has been erased");
	else if (!d->out ||
		 ztp_out_file_write(d->out, answer.p, answer.n, error) == 0)
		return true;
	ztp_cli_warn(PROGRAM, "%s", error->message);
	return false;
}

static bool publish(const struct device *d, MQTTClient client, char *text)
{
	char topic[ZTP_TOPIC_MAX];
	MQTTClient_deliveryToken token = 0;
	MQTTResponse response;
	int rc;

	snprintf(topic, sizeof(topic), "%s" ZTP_APPLIED_SUFFIX, d->path);
	if (is_5(d)) {
		response = MQTTClient_publish5(client, topic, (int)strlen(text),
					       text, 1, 0, NULL, &token);
		rc = (int)response.reasonCode;
		MQTTResponse_free(response);
	} else {
		rc = MQTTClient_publish(client, topic, (int)strlen(text), text,
					1, 0, &token);
	}
	return rc == MQTTCLIENT_SUCCESS &&
	       MQTTClient_waitForCompletion(client, token, ANSWER_MS) ==
		       MQTTCLIENT_SUCCESS;
}

/* error: why it could not be applied, or NULL. */
static void answer(const struct device *d, MQTTClient client,
		   const struct command *command, const struct ztp_error *error)
{
	char *text;

	if (d->silent || !*command->request_id)
		return;
	text = command_answer(command, !error, error ? error->message : NULL);
	if (!text || !publish(d, client, text))
		ztp_cli_warn(PROGRAM, "the answer could not be sent");
	cJSON_free(text);
}

/* Prints a message and, if it is the answer ("pending" is not), saves it. */
static enum verdict take(const struct device *d, MQTTClient client,
			 const MQTTClient_message *message)
{
	struct ztp_str text = {message->payload, (size_t)message->payloadlen};
	struct ztp_error error = {0};
	struct command command;
	bool approved, saved;

	command_read(&command, message);
	fwrite(text.p, 1, text.n, stdout);
	puts("");
	fflush(stdout);
	approved = strcmp(command.status, ZTP_STATUS_APPROVED) == 0;
	if (!approved && strcmp(command.status, ZTP_STATUS_REJECTED) != 0)
		return NO_ANSWER;
	saved = save(d, &command, text, &error);
	if (approved)
		answer(d, client, &command, saved ? NULL : &error);
	if (!saved && d->out)
		return FAILED;
	return approved ? APPROVED : REJECTED;
}

static bool subscribe(const struct device *d, MQTTClient client)
{
	char topic[ZTP_TOPIC_MAX];
	MQTTResponse response;
	int code;

	snprintf(topic, sizeof(topic), "%s/commands", d->path);
	if (!is_5(d))
		return MQTTClient_subscribe(client, topic, 1) ==
		       MQTTCLIENT_SUCCESS;
	response = MQTTClient_subscribe5(client, topic, 1, NULL, NULL);
	code = (int)response.reasonCode;
	MQTTResponse_free(response);
	return code >= 0 && code < 0x80;
}

static enum verdict listen_until(const struct device *d, MQTTClient client,
				 int64_t deadline)
{
	enum verdict verdict = NO_ANSWER;
	MQTTClient_message *message;
	char *name = NULL;
	int len;

	if (!subscribe(d, client))
		return NO_ANSWER;
	while (verdict == NO_ANSWER && ztp_clock_boot() < deadline &&
	       MQTTClient_isConnected(client)) {
		message = NULL;
		MQTTClient_receive(client, &name, &len, &message, RECEIVE_MS);
		if (!message)
			continue;
		verdict = take(d, client, message);
		MQTTClient_freeMessage(&message);
		MQTTClient_free(name);
	}
	return verdict;
}

/* --- one try after the other */

static enum verdict try_once(const struct device *d, MQTTClient client,
			     EVP_PKEY *key, const char *username,
			     int64_t deadline, struct tries *tries)
{
	int code = connect_now(d, client, key, username, deadline);
	enum verdict verdict = NO_ANSWER;

	if (code != 0)
		warn_refused(d, code, deadline);
	if (code > 0)
		tries->refused = true;
	else
		tries->other = true;
	tries->let_in = tries->let_in || code == 0;
	if (d->unused && code == 0)
		verdict = APPROVED;
	else if (d->unused && code > 0 && is_final(d, code))
		verdict = REFUSED;
	else if (code == 0)
		verdict = listen_until(d, client, deadline);
	(void)MQTTClient_disconnect(client, 1000); /* it may be gone */
	return verdict;
}

static void pause_for(int64_t ms, int64_t deadline)
{
	int64_t left = deadline - ztp_clock_boot();
	struct timespec rest;

	ms = left < ms ? left : ms;
	if (ms <= 0)
		return;
	rest = (struct timespec){.tv_sec = (time_t)(ms / 1000),
				 .tv_nsec = (long)(ms % 1000) * 1000000};
	nanosleep(&rest, NULL);
}

enum verdict device_run(const struct device *d, EVP_PKEY *key,
			const char *username)
{
	MQTTClient_createOptions how = MQTTClient_createOptions_initializer;
	int64_t deadline = ztp_clock_boot() + d->wait_s * 1000;
	int64_t rest_ms = 1000;
	enum verdict verdict = NO_ANSWER;
	struct tries tries = {0};
	MQTTClient client;
	char url[ZTP_BROKER_URL_LEN];

	/* A name server, paho or who reads stdout may take for ever. */
	if (!ztp_cli_end_after(PROGRAM, d->wait_s * 1000 + LATE_MS,
			       "--wait is long over, and it still waits for "
			       "somebody else: ends as it is"))
		return FAILED;
	how.MQTTVersion = d->version;
	if (!ztp_broker_paho_url(url, d->url) ||
	    MQTTClient_createWithOptions(&client, url, d->path,
					 MQTTCLIENT_PERSISTENCE_NONE, NULL,
					 &how) != MQTTCLIENT_SUCCESS)
		return FAILED;
	while (verdict == NO_ANSWER && ztp_clock_boot() < deadline) {
		verdict = try_once(d, client, key, username, deadline, &tries);
		if (verdict == NO_ANSWER)
			pause_for(rest_ms, deadline);
		if (rest_ms < PAUSE_MAX_MS)
			rest_ms *= 2;
	}
	MQTTClient_destroy(&client);
	if (verdict == NO_ANSWER && tries.refused && !tries.other)
		return NEVER_LET_IN;
	if (verdict == NO_ANSWER && tries.let_in)
		ztp_cli_warn(PROGRAM,
			     "let in, and no answer within --wait: there is no "
			     "decision yet, or this device has answered "
			     "\"applied\" before, and connects with --unused "
			     "from then on");
	return verdict;
}
