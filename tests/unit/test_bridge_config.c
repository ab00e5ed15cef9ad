/* The configuration: what settings mean, and that printing them loses nothing but
 * secrets. */
#include "config_case.h"

#include "bridge/config/settings.h"

static char *printed(const struct config *config)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(config_print(config, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* --- what it means */

static void defaults(void **state)
{
	const char *const empties[] = {
		"",	"\n\n",	   "# nothing\n", "---\n",
		"{}\n", "mqtt:\n", "kafka: {}\n", "~\n"};

	(void)state;
	for (size_t i = 0; i < LENGTH(empties); i++) {
		struct config *c = good(empties[i]);

		assert_string_equal(c->mqtt.url, "mqtt://127.0.0.1:1883");
		assert_string_equal(c->mqtt.host, "127.0.0.1");
		assert_int_equal(c->mqtt.port, 1883);
		assert_false(c->mqtt.secure);
		assert_string_equal(c->mqtt.client_id, "ztp-bridge");
		assert_string_equal(c->mqtt.username, "");
		assert_string_equal(c->mqtt.password, "");
		assert_string_equal(c->mqtt.tls.ca_file, "");
		assert_int_equal(c->mqtt.version, 5);
		assert_int_equal(c->mqtt.keepalive_ms, 60000);
		assert_int_equal(c->mqtt.pending_topics.count, 1);
		assert_string_equal(c->mqtt.pending_topics.items[0],
				    "ztp/v1/pending");
		assert_int_equal(c->mqtt.subscriptions.count, 0);
		assert_string_equal(c->mqtt.command_topic,
				    "{device_path}/commands");
		assert_int_equal(c->mqtt.command_format, ZTP_COMMAND_ENVELOPE);
		assert_int_equal(c->mqtt.registrar, CONFIG_REGISTRAR_NONE);
		assert_int_equal(c->mqtt.delivery_ack, CONFIG_ACK_BROKER);
		assert_int_equal(c->mqtt.retry_rate, 200);
		assert_int_equal(c->mqtt.max_command, 122880);
		assert_string_equal(c->kafka.brokers, "127.0.0.1:9092");
		assert_string_equal(c->kafka.group, "ztp-bridge");
		assert_string_equal(c->kafka.topics.requests, "ztp.requests");
		assert_string_equal(c->kafka.topics.decisions, "ztp.decisions");
		assert_string_equal(c->kafka.topics.results, "ztp.results");
		assert_string_equal(c->kafka.topics.dlq, "ztp.dlq");
		assert_string_equal(c->kafka.topics.audit, "ztp.audit");
		assert_false(c->kafka.create_topics);
		assert_int_equal(c->kafka.properties.count, 0);
		assert_int_equal(c->onboarding.decision_timeout_ms, 86400000);
		assert_int_equal(c->onboarding.on_timeout, ZTP_REJECT);
		assert_int_equal(c->onboarding.delivery_timeout_ms, 86400000);
		assert_int_equal(c->onboarding.renotify_interval_ms, 600000);
		assert_int_equal(c->onboarding.reject_cooldown_ms, 3600000);
		assert_true(c->onboarding.notify_rejected);
		assert_null(c->onboarding.omit_fields.items[0]);
		assert_string_equal(c->store.path,
				    "/var/lib/ztp-bridge/store.db");
		assert_int_equal(c->store.sync, CONFIG_SYNC_NORMAL);
		assert_int_equal(c->store.max_requests, 1000000);
		assert_int_equal(c->store.max_finished, 10000000);
		assert_int_equal(c->store.retention_ms, INT64_C(2592000000));
		assert_string_equal(c->http.listen, "127.0.0.1:9464");
		assert_string_equal(c->http.host, "127.0.0.1");
		assert_int_equal(c->http.port, 9464);
		assert_int_equal(c->log.level, LOG_LEVEL_INFO);
		assert_int_equal(c->log.format, LOG_FORMAT_LOGFMT);
		assert_int_equal(c->shutdown_timeout_ms, 10000);
		config_free(c);
	}
}

static const char everything[] =
	"mqtt:\n"
	"  url: mqtts://[::1]\n"
	"  client_id: \"bridge ${HOST} $${HOST} $5\"\n"
	"  username: ${HOST}\n"
	"  password_file: ${DIR}/secret\n"
	"  tls: {ca_file: \"${DIR}/secret\", cert_file: \"${DIR}/secret\","
	" key_file: \"${DIR}/secret\", key_password: \"${HIDDEN}\"}\n"
	"  version: 3.1.1\n"
	"  keepalive: 2m\n"
	"  pending_topic: [some/where, else/where]\n"
	"  subscriptions: [acme, b-1]\n"
	"  command_topic: /devices/{device}/commands\n"
	"  command_format: raw\n"
	"  registrar: none\n"
	"  delivery_ack: device\n"
	"  retry_rate: 7\n"
	"  max_command: 1MiB\n"
	"kafka:\n"
	"  brokers: [\"k1:9092\", '[::1]:9093', \"${HOST:-x}:1\"]\n"
	"  group: g\n"
	"  topics: {requests: a, decisions: b, results: c, dlq: d, audit: e}\n"
	"  create_topics: true\n"
	"  properties:\n"
	"    security.protocol: SASL_SSL\n"
	"    sasl.mechanism: PLAIN\n"
	"    sasl.password_file: ${DIR}/secret\n"
	"    ssl.key.password: ${UNSET:-hunter2}\n"
	"    linger.ms: 5\n"
	"    acks: all\n"
	"onboarding:\n"
	"  decision_timeout: 1500ms\n"
	"  on_timeout: approve\n"
	"  delivery_timeout: 2d\n"
	"  renotify_interval: 90s\n"
	"  reject_cooldown: 0s\n"
	"  notify_rejected: false\n"
	"  omit_fields:\n"
	"    - certificate.subject\n"
	"    - certificate.issuer\n"
	"store: {path: '${DIR}/s.db', sync: full, max_requests: 1,"
	" max_finished: 2, retention: 36h}\n"
	"http: {listen: \"[::1]:0\"}\n"
	"log: {level: debug, format: json}\n"
	"shutdown_timeout: 250ms\n";

static void check_everything(const struct config *c)
{
	const struct config_property *item = c->kafka.properties.items;
	char path[80];

	assert_string_equal(c->mqtt.host, "::1");
	assert_int_equal(c->mqtt.port, 8883);
	assert_true(c->mqtt.secure);
	assert_string_equal(c->mqtt.client_id,
			    "bridge broker.example ${HOST} $5");
	assert_string_equal(c->mqtt.username, "broker.example");
	assert_string_equal(c->mqtt.password, "s3cret two\n");
	assert_int_equal(c->mqtt.version, 4);
	assert_int_equal(c->mqtt.keepalive_ms, 120000);
	assert_int_equal(c->mqtt.pending_topics.count, 2);
	assert_string_equal(c->mqtt.pending_topics.items[0], "some/where");
	assert_string_equal(c->mqtt.pending_topics.items[1], "else/where");
	assert_int_equal(c->mqtt.subscriptions.count, 2);
	assert_string_equal(c->mqtt.subscriptions.items[1], "b-1");
	assert_string_equal(c->mqtt.command_topic,
			    "/devices/{device}/commands");
	assert_int_equal(c->mqtt.command_format, ZTP_COMMAND_RAW);
	assert_int_equal(c->mqtt.registrar, CONFIG_REGISTRAR_NONE);
	assert_int_equal(c->mqtt.delivery_ack, CONFIG_ACK_DEVICE);
	assert_int_equal(c->mqtt.retry_rate, 7);
	assert_int_equal(c->mqtt.max_command, 1048576);
	assert_string_equal(c->kafka.brokers,
			    "k1:9092,[::1]:9093,broker.example:1");
	assert_string_equal(c->kafka.topics.audit, "e");
	assert_true(c->kafka.create_topics);
	assert_int_equal(c->kafka.properties.count, 6);
	assert_string_equal(item[2].name, "sasl.password");
	assert_string_equal(item[2].value, "s3cret two\n");
	assert_true(item[2].secret && item[3].secret);
	assert_string_equal(item[4].name, "linger.ms");
	assert_string_equal(item[4].value, "5");
	assert_false(item[4].secret);
	assert_int_equal(c->onboarding.decision_timeout_ms, 1500);
	assert_int_equal(c->onboarding.on_timeout, ZTP_APPROVE);
	assert_int_equal(c->onboarding.delivery_timeout_ms, 172800000);
	assert_int_equal(c->onboarding.reject_cooldown_ms, 0);
	assert_false(c->onboarding.notify_rejected);
	assert_int_equal(c->onboarding.omit_fields.count, 2);
	assert_string_equal(c->onboarding.omit_fields.items[1],
			    "certificate.issuer");
	assert_null(c->onboarding.omit_fields.items[2]);
	snprintf(path, sizeof(path), "%s/s.db", directory);
	assert_string_equal(c->store.path, path);
	assert_int_equal(c->store.sync, CONFIG_SYNC_FULL);
	assert_int_equal(c->store.retention_ms, 129600000);
	assert_string_equal(c->http.host, "::1");
	assert_int_equal(c->http.port, 0);
	assert_int_equal(c->log.level, LOG_LEVEL_DEBUG);
	assert_int_equal(c->log.format, LOG_FORMAT_JSON);
	assert_int_equal(c->shutdown_timeout_ms, 250);
}

static void every_key(void **state)
{
	struct config *c = good(everything);

	(void)state;
	check_everything(c);
	assert_string_equal(c->mqtt.tls.key_password, "hunter2");
	assert_string_equal(c->kafka.properties.items[3].value, "hunter2");
	config_free(c);
}

static void print_reads_back(void **state)
{
	struct config *one = good(""), *two;
	char *first = printed(one), *second, names[64];

	(void)state;
	two = good(first);
	assert_false(config_needs_restart(names, sizeof(names), one, two));
	config_free(one);
	config_free(two);
	free(first);

	one = good(everything);
	first = printed(one);
	two = good(first);
	second = printed(two);
	check_everything(two);
	assert_string_equal(first, second);
	config_free(one);
	config_free(two);
	free(first);
	free(second);
}

static void print_has_no_secret(void **state)
{
	struct config *c = good("mqtt: {username: u, password: hunter2}\n"
				"kafka:\n"
				"  properties:\n"
				"    sasl.password: hunter2\n"
				"    ssl.keystore.password: hunter2\n"
				"    ssl.key.pem: hunter2\n"
				"    sasl.oauthbearer.config: hunter2\n");
	char *text = printed(c);

	(void)state;
	assert_string_equal(c->mqtt.password, "hunter2");
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "  password: \"***\"\n"));
	assert_non_null(strstr(text, "    sasl.password: \"***\"\n"));
	free(text);
	config_free(c);
	c = good(everything);
	text = printed(c);
	assert_null(strstr(text, "hunter2"));
	assert_null(strstr(text, "s3cret"));
	assert_non_null(strstr(text, "  password: \"\"\n"));
	assert_non_null(strstr(text, "    sasl.password_file: /tmp/"));
	free(text);
	config_free(c);
}

static void accepted_spellings(void **state)
{
	struct config *c = good("mqtt: {version: 5.0, url: mqtt://h.example,"
				" password_file: \"${DIR}/empty\"}\n"
				"http: {listen: \"\"}\n"
				"log: {level: \"${EMPTY:-warn}\"}\n"
				"onboarding: {omit_fields: }\n");

	(void)state;
	assert_int_equal(c->mqtt.version, 5);
	assert_int_equal(c->mqtt.port, 1883);
	assert_string_equal(c->mqtt.password, "");
	assert_string_equal(c->http.host, "");
	assert_int_equal(c->http.port, 0);
	assert_int_equal(c->log.level, LOG_LEVEL_WARN);
	config_free(c);
	/* as Kafka's own programs take it */
	c = good("kafka: {brokers: \"a:1, b:2,  [::1]:3\"}\n");
	assert_string_equal(c->kafka.brokers, "a:1, b:2,  [::1]:3");
	config_free(c);
}

/* The end of a line is not the secret's. */
static void a_secret_written_on_windows(void **state)
{
	static const char *const texts[] = {"word", "word\n", "word\r\n"};

	(void)state;
	for (size_t i = 0; i < LENGTH(texts); i++) {
		struct config *c;

		write_file(secret_file, texts[i], strlen(texts[i]));
		c = good("mqtt: {username: u, password_file: "
			 "\"${DIR}/secret\"}\n");
		assert_string_equal(c->mqtt.password, "word");
		config_free(c);
	}
}

/* It takes a name; the rest has defaults. */
static void one_of_several(void **state)
{
	struct config *c =
		good("standby: {enabled: true, instance: plant-a}\n");

	(void)state;
	assert_true(c->standby.enabled);
	assert_string_equal(c->standby.instance, "plant-a");
	assert_string_equal(c->standby.advertise, "");
	assert_int_equal(c->standby.session_timeout_ms, 10000);
	assert_string_equal(c->kafka.topics.state, "ztp.state");
	assert_string_equal(c->kafka.topics.journal, "ztp.journal");
	config_free(c);
}

static void warnings(void **state)
{
	static const struct {
		const char *text, *says;
		int count;
	} rows[] = {
		{"", "", 0},
		{"mqtt:\n  command_topic: \"to/{registry}/{device}/c\"\n",
		 ":2: warning: mqtt.command_topic: ", 1},
		{"mqtt:\n  version: 3.1.1\n  command_format: raw\n",
		 ":3: warning: mqtt.command_format: ", 1},
		{"mqtt:\n  version: 3.1.1\n  command_format: raw\n"
		 "  delivery_ack: device\n",
		 ":4: warning: mqtt.delivery_ack: ", 2},
		{"mqtt:\n  delivery_ack: device\n  command_format: raw\n", "",
		 0},
		{"mqtt:\n  username: u\n  password_file: ${DIR}/empty\n",
		 ":3: warning: mqtt.password_file: ", 1},
		{"mqtt:\n  password: x\n  url: mqtt://h\n",
		 ":3: warning: mqtt.url: ", 1},
		{"mqtt:\n  password: x\n  url: mqtts://h\n", "", 0},
		{"mqtt:\n  password: x\n", "", 0},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *c = good(rows[i].text);
		char text[512] = "";
		FILE *out = fmemopen(text, sizeof(text), "w");

		assert_non_null(out);
		assert_int_equal(config_warnings(c, out), rows[i].count);
		fclose(out);
		assert_non_null(strstr(text, rows[i].says));
		config_free(c);
	}
}

static void restart(void **state)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"log: {level: debug}\n", NULL},
		{"mqtt: {url: mqtt://127.0.0.1:1884}\n", "mqtt.url"},
		{"log: {format: json}\n", "log.format"},
		{"kafka: {properties: {linger.ms: 1}}\n", "kafka.properties"},
		{"onboarding: {omit_fields: [certificate.subject]}\n",
		 "onboarding.omit_fields"},
		{"shutdown_timeout: 9s\n", "shutdown_timeout"},
		{"mqtt: {url: mqtt://127.0.0.1:1884, version: 3.1.1}\n"
		 "shutdown_timeout: 9s\n",
		 "mqtt.url,mqtt.version,shutdown_timeout"},
	};
	struct config *running = good(""), *all;
	char names[64], few[24];

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct config *loaded = good(rows[i].text);

		assert_int_equal(config_needs_restart(names, sizeof(names),
						      running, loaded),
				 rows[i].name != NULL);
		assert_string_equal(names, rows[i].name ? rows[i].name : "");
		config_free(loaded);
	}
	all = good(rows[LENGTH(rows) - 1].text);
	assert_true(config_needs_restart(few, sizeof(few), running, all));
	assert_string_equal(few, "mqtt.url,...");
	config_free(all);
	config_free(running);
}

/* What the log names as waiting for a restart, and the CA that is used then. */
static void reload(struct config *running, const char *text, const char *names,
		   const char *ca)
{
	struct config *loaded = good(text);
	char told[80];

	assert_int_equal(
		config_needs_restart(told, sizeof(told), running, loaded),
		*names != '\0');
	assert_string_equal(told, names);
	config_take_reloadable(running, loaded);
	assert_string_equal(running->mqtt.tls.ca_file, ca);
	assert_int_equal(running->log.level, LOG_LEVEL_DEBUG);
	config_free(loaded);
}

/* The bridge goes on with its broker, whose CA is not the new one's. */
static void tls_waits_with_its_url(void **state)
{
	struct config *running = good(
		"mqtt: {url: mqtts://a, tls: {ca_file: \"${DIR}/secret\"}}\n");
	char *ca = strdup(running->mqtt.tls.ca_file), other[64];

	(void)state;
	snprintf(other, sizeof(other), "%s/empty", directory);
	reload(running, "mqtt: {url: mqtt://b}\nlog: {level: debug}\n",
	       "mqtt.url,mqtt.tls.ca_file", ca);
	reload(running,
	       "mqtt: {url: mqtts://a, tls: {ca_file: \"${DIR}/empty\"}}\n"
	       "log: {level: debug}\n",
	       "", other);
	config_free(running);
	free(ca);
}

static int check_row(void *arg, const struct config_description *row)
{
	size_t *count = arg;

	assert_true(row->name[0] && row->type[0] && row->about[0]);
	assert_true(strcmp(row->type, "choice") != 0 || row->choices[0]);
	(*count)++;
	return 0;
}

static void described(void **state)
{
	size_t count, walked = 0;

	(void)state;
	(void)settings_table(&count);
	assert_int_equal(config_describe(check_row, &walked), 0);
	assert_int_equal(walked, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_key),
		cmocka_unit_test(print_reads_back),
		cmocka_unit_test(print_has_no_secret),
		cmocka_unit_test(accepted_spellings),
		cmocka_unit_test(one_of_several),
		cmocka_unit_test(warnings),
		cmocka_unit_test(restart),
		cmocka_unit_test(tls_waits_with_its_url),
		cmocka_unit_test(described),
		cmocka_unit_test(a_secret_written_on_windows),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
