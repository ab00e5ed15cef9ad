/* The table of settings, in the order of the manual page. */
#include "bridge/config/settings.h"
#include "ztp/gate_protocol.h"
#include "ztp/group_member.h"
#include "ztp/pending.h"
#include <stdio.h>
#include <string.h>

#define AT(member) .offset = offsetof(struct config, member)
#define SECOND	   INT64_C(1000)
#define HOUR	   (3600 * SECOND)
#define DAY	   (24 * HOUR)
#define KIB	   INT64_C(1024)
#define MIB	   (1024 * KIB)

static const struct setting_choice versions[] = {
	{"5", 5}, {"5.0", 5}, {"3.1.1", 4}, {0}};
static const struct setting_choice command_formats[] = {
	{"envelope", ZTP_COMMAND_ENVELOPE}, {"raw", ZTP_COMMAND_RAW}, {0}};
static const struct setting_choice registrars[] = {
	{"none", CONFIG_REGISTRAR_NONE}, {"gate", CONFIG_REGISTRAR_GATE}, {0}};
static const struct setting_choice acks[] = {
	{"broker", CONFIG_ACK_BROKER}, {"device", CONFIG_ACK_DEVICE}, {0}};
static const struct setting_choice verdicts[] = {
	{ZTP_VERDICT_REJECT, ZTP_REJECT},
	{ZTP_VERDICT_APPROVE, ZTP_APPROVE},
	{0}};
static const struct setting_choice syncs[] = {
	{"normal", CONFIG_SYNC_NORMAL}, {"full", CONFIG_SYNC_FULL}, {0}};
static const struct setting_choice levels[] = {{"error", LOG_LEVEL_ERROR},
					       {"warn", LOG_LEVEL_WARN},
					       {"info", LOG_LEVEL_INFO},
					       {"debug", LOG_LEVEL_DEBUG},
					       {0}};
static const struct setting_choice formats[] = {
	{"logfmt", LOG_FORMAT_LOGFMT}, {"json", LOG_FORMAT_JSON}, {0}};

#define TOPIC_ROW(name, number, member, what)                                  \
	{"kafka.topics." #member,                                              \
	 SETTING_TEXT,                                                         \
	 AT(kafka.topics.member),                                              \
	 .fallback = ZTP_TOPIC(member),                                        \
	 .min = 1,                                                             \
	 .max = ZTP_TOPIC_NAME_MAX,                                            \
	 .check = setting_check_kafka_topic,                                   \
	 .about = "topic of " what},

#define GROUP_TOPIC_ROW(name, member, what)                                    \
	TOPIC_ROW(name, 0, member, what " (standby.enabled)")

static const struct setting table[] = {
	{"mqtt.url", SETTING_TEXT, AT(mqtt.url), .fallback = ZTP_MQTT_URL,
	 .min = 1, .max = 512, .check = setting_check_url,
	 .about = "MQTT broker, mqtt:// or mqtts:// (TLS); the port is 1883 "
		  "or 8883 unless given"},
	{"mqtt.client_id", SETTING_TEXT, AT(mqtt.client_id),
	 .fallback = ZTP_BRIDGE, .min = 1, .max = 256,
	 .check = setting_check_client_id,
	 .about = "client ID of the intake connection; the command connection "
		  "appends -out"},
	{"mqtt.username", SETTING_TEXT, AT(mqtt.username), .fallback = "",
	 .max = 65535, .about = "MQTT user name; empty for none"},
	{"mqtt.password", SETTING_SECRET, AT(mqtt.password), .fallback = "",
	 .max = CONFIG_SECRET_MAX - 1, .about = "MQTT password"},
	{"mqtt.password_file", SETTING_FILE, AT(mqtt.password_file),
	 .fallback = "", .max = 4096,
	 .file_of = offsetof(struct config, mqtt.password),
	 .about = "file that holds the MQTT password"},
	{"mqtt.tls.ca_file", SETTING_FILE, AT(mqtt.tls.ca_file), .fallback = "",
	 .max = 4096, .reloadable = true,
	 .about = "CAs that may sign the broker's certificate (PEM); empty for "
		  "the system's"},
	{"mqtt.tls.cert_file", SETTING_FILE, AT(mqtt.tls.cert_file),
	 .fallback = "", .max = 4096, .reloadable = true,
	 .about = "the bridge's own certificate chain (PEM)"},
	{"mqtt.tls.key_file", SETTING_FILE, AT(mqtt.tls.key_file),
	 .fallback = "", .max = 4096, .reloadable = true,
	 .about = "private key of cert_file (PEM)"},
	{"mqtt.tls.key_password", SETTING_SECRET, AT(mqtt.tls.key_password),
	 .fallback = "", .max = CONFIG_KEY_PASSWORD_MAX, .reloadable = true,
	 .about = "password of key_file"},
	{"mqtt.tls.key_password_file", SETTING_FILE,
	 AT(mqtt.tls.key_password_file), .fallback = "", .max = 4096,
	 .file_of = offsetof(struct config, mqtt.tls.key_password),
	 .reloadable = true,
	 .about = "file that holds the password of key_file"},
	{"mqtt.version", SETTING_CHOICE, AT(mqtt.version), .fallback = "5",
	 .choices = versions, .about = "MQTT protocol version"},
	{"mqtt.keepalive", SETTING_DURATION, AT(mqtt.keepalive_ms),
	 .fallback = "60s", .min = 5 * SECOND, .max = 65535 * SECOND,
	 .check = setting_check_keepalive,
	 .about = "MQTT keep-alive, in whole seconds; libmosquitto takes 5 s "
		  "at least"},
	{"mqtt.pending_topic", SETTING_LIST, AT(mqtt.pending_topics),
	 .fallback = ZTP_MQTT_PENDING, .min = 1, .max = ZTP_TOPIC_MAX,
	 .check = setting_check_topic,
	 .about = "topic on which the broker announces first connections, or a "
		  "list of them"},
	{"mqtt.subscriptions", SETTING_LIST, AT(mqtt.subscriptions),
	 .fallback = "[]", .min = 1, .max = ZTP_ID_MAX,
	 .check = setting_check_subscription,
	 .about = "the subscriptions whose devices this bridge onboards; [] "
		  "for all"},
	{"mqtt.command_topic", SETTING_TEXT, AT(mqtt.command_topic),
	 .fallback = ZTP_MQTT_COMMANDS, .min = 1, .max = ZTP_TOPIC_MAX,
	 .check = setting_check_template,
	 .about = "topic of a device's commands, built from {device_path}, "
		  "{subscription}, {registry}, {device} and text; it begins "
		  "with {device_path}/ (but not below events, state or config) "
		  "or with a literal level other than subscriptions and ztp"},
	{"mqtt.command_format", SETTING_CHOICE, AT(mqtt.command_format),
	 .fallback = "envelope", .choices = command_formats,
	 .about = "what a device receives: the JSON envelope, or only the "
		  "payload's bytes"},
	{"mqtt.registrar", SETTING_CHOICE, AT(mqtt.registrar),
	 .fallback = "none", .choices = registrars,
	 .about = "who creates an approved device: nobody, or the gate in "
		  "the broker"},
	{"mqtt.delivery_ack", SETTING_CHOICE, AT(mqtt.delivery_ack),
	 .fallback = "broker", .choices = acks,
	 .about = "what confirms a delivery: the broker's PUBACK or the "
		  "device's own answer"},
	{"mqtt.retry_rate", SETTING_INT, AT(mqtt.retry_rate), .fallback = "200",
	 .min = 1, .max = 1000000,
	 .about = "commands retried per second, over all devices"},
	{"mqtt.max_command", SETTING_SIZE, AT(mqtt.max_command),
	 .fallback = "120KiB", .min = CONFIG_COMMAND_LEAST, .max = 256 * MIB,
	 .about = "the largest command, as a whole PUBLISH; an approval that "
		  "makes a larger one is invalid"},
	{"kafka.brokers", SETTING_TEXT, AT(kafka.brokers),
	 .fallback = ZTP_KAFKA_BROKERS, .min = 1, .max = 4096,
	 .check = setting_check_brokers,
	 .about = "Kafka bootstrap servers: HOST:PORT, separated by commas or "
		  "as a list"},
	{"kafka.group", SETTING_TEXT, AT(kafka.group), .fallback = ZTP_BRIDGE,
	 .min = 1, .max = 255,
	 .about = "consumer group; only bridges that are standbys of each "
		  "other may share it"},
	/* clang-format off */
	ZTP_TOPIC_LIST(TOPIC_ROW)
	ZTP_GROUP_TOPIC_LIST(GROUP_TOPIC_ROW)
	/* clang-format on */
	{"kafka.create_topics", SETTING_BOOL, AT(kafka.create_topics),
	 .fallback = "false", .about = "create missing topics"},
	{"kafka.properties", SETTING_MAP, AT(kafka.properties),
	 .fallback = "{}",
	 .about = "librdkafka properties, passed on unchanged; secrets also "
		  "as NAME_file"},
	{"onboarding.decision_timeout", SETTING_DURATION,
	 AT(onboarding.decision_timeout_ms), .fallback = "24h", .min = 1,
	 .max = ZTP_EXPIRY_MAX_MS,
	 .about = "how long the customer may take to decide, unless the "
		  "pending event has an expiry"},
	{"onboarding.on_timeout", SETTING_CHOICE, AT(onboarding.on_timeout),
	 .fallback = ZTP_VERDICT_REJECT, .choices = verdicts,
	 .about = "the verdict if no decision arrives in time"},
	{"onboarding.delivery_timeout", SETTING_DURATION,
	 AT(onboarding.delivery_timeout_ms), .fallback = "24h", .min = 1,
	 .max = 3650 * DAY,
	 .about = "how long an approval waits for its device; for a broker "
		  "that is away, as long again, at least 10 min"},
	{"onboarding.renotify_interval", SETTING_DURATION,
	 AT(onboarding.renotify_interval_ms), .fallback = "10m", .min = 1,
	 .max = 3650 * DAY,
	 .about = "how soon a device that asks again is announced again"},
	{"onboarding.reject_cooldown", SETTING_DURATION,
	 AT(onboarding.reject_cooldown_ms), .fallback = "1h", .min = 0,
	 .max = 3650 * DAY,
	 .about = "a rejected device may ask again after this time, as attempt "
		  "n+1"},
	{"onboarding.notify_rejected", SETTING_BOOL,
	 AT(onboarding.notify_rejected), .fallback = "true",
	 .about = "notify the device of a rejection"},
	{"onboarding.payload_retention", SETTING_DURATION,
	 AT(onboarding.payload_retention_ms), .fallback = "24h", .min = 0,
	 .max = 3650 * DAY,
	 .about = "how long an approval's payload is kept after the request's "
		  "end, unless its device has applied it; with registrar none "
		  "as long as store.retention, and never longer"},
	{"onboarding.omit_fields", SETTING_LIST, AT(onboarding.omit_fields),
	 .fallback = "[]", .max = 256, .check = setting_check_omit,
	 .about = "fields to omit from requests, such as certificate.subject"},
	{"store.path", SETTING_TEXT, AT(store.path),
	 .fallback = "/var/lib/ztp-bridge/store.db", .min = 1, .max = 4000,
	 .about = "the bridge's database; its journal lies beside it"},
	{"store.sync", SETTING_CHOICE, AT(store.sync), .fallback = "normal",
	 .choices = syncs,
	 .about = "normal survives any crash of the bridge, full also a power "
		  "loss"},
	{"store.max_requests", SETTING_INT, AT(store.max_requests),
	 .fallback = "1000000", .min = 1, .max = 1000000000,
	 .about = "most unfinished requests held; then intake pauses"},
	{"store.max_finished", SETTING_INT, AT(store.max_finished),
	 .fallback = "10000000", .min = 1, .max = 1000000000,
	 .about = "most finished requests kept; the oldest are removed first, "
		  "but no rejected one within reject_cooldown"},
	{"store.retention", SETTING_DURATION, AT(store.retention_ms),
	 .fallback = "30d", .min = 1, .max = 3650 * DAY,
	 .about = "how long finished requests are kept"},
	{"http.listen", SETTING_TEXT, AT(http.listen),
	 .fallback = "127.0.0.1:9464", .max = 300,
	 .check = setting_check_listen,
	 .about = "HOST:PORT for metrics, health, requests and the web page; "
		  "port 0 for any free port, empty to turn it off"},
	{"http.hosts", SETTING_LIST, AT(http.hosts), .fallback = "[]",
	 .max = 255, .check = setting_check_host,
	 .about = "names by which browsers may ask for the web page and /v1, "
		  "beside localhost, IP addresses and standby.advertise's"},
	{"standby.enabled", SETTING_BOOL, AT(standby.enabled),
	 .fallback = "false",
	 .about = "be one of several bridges in kafka.group, of which one is "
		  "active"},
	{"standby.instance", SETTING_TEXT, AT(standby.instance), .fallback = "",
	 .max = ZTP_INSTANCE_MAX, .check = setting_check_instance,
	 .about = "this bridge's name, which no other bridge of the group has "
		  "and which stays the same after a restart"},
	{"standby.advertise", SETTING_TEXT, AT(standby.advertise),
	 .fallback = "", .max = ZTP_ADVERTISE_MAX,
	 .check = setting_check_advertise,
	 .about = "URL of this bridge's pages, for the links on the others'"},
	{"standby.session_timeout", SETTING_DURATION,
	 AT(standby.session_timeout_ms), .fallback = "10s", .min = 2 * SECOND,
	 .max = 300 * SECOND,
	 .about = "a bridge that Kafka has not heard of for so long is not "
		  "active any more"},
	{"log.level", SETTING_CHOICE, AT(log.level), .fallback = "info",
	 .choices = levels, .reloadable = true,
	 .about = "the least severe level that is logged"},
	{"log.format", SETTING_CHOICE, AT(log.format), .fallback = "logfmt",
	 .choices = formats, .about = "format of log lines"},
	{"shutdown_timeout", SETTING_DURATION, AT(shutdown_timeout_ms),
	 .fallback = "10s", .min = 1, .max = HOUR,
	 .about = "how long SIGTERM lets work in flight finish"},
};

#define COUNT (sizeof(table) / sizeof(table[0]))

const struct setting *settings_table(size_t *count)
{
	*count = COUNT;
	return table;
}

const struct setting *settings_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const struct setting *settings_of(size_t offset)
{
	size_t i = 0;

	while (i < COUNT - 1 && table[i].offset != offset)
		i++;
	return &table[i];
}

bool settings_section(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < COUNT; i++)
		if (strncmp(table[i].name, name, len) == 0 &&
		    table[i].name[len] == '.')
			return true;
	return false;
}

/* The table has what belongs together in one place. */
void settings_keys(char *out, size_t size, const char *section)
{
	size_t len = strlen(section), used = 0, n = 0;
	const char *last = "";

	*out = '\0';
	for (size_t i = 0; i < COUNT && used < size; i++) {
		const char *key = table[i].name;

		if (len && (strncmp(key, section, len) != 0 || key[len] != '.'))
			continue;
		key += len ? len + 1 : 0;
		if (n && strcspn(key, ".") == n && strncmp(key, last, n) == 0)
			continue;
		last = key;
		n = strcspn(key, ".");
		used += (size_t)snprintf(out + used, size - used, "%s%.*s",
					 used ? ", " : "", (int)n, key);
	}
}

bool settings_one_or_many(const struct setting *setting)
{
	return setting->type == SETTING_LIST &&
	       strcmp(setting->fallback, "[]") != 0;
}

size_t settings_index(const struct setting *setting)
{
	return (size_t)(setting - table);
}
