/* Loads a configuration: the file's values over the defaults, then the rules
 * between settings. */
#include "bridge/config/config.h"
#include "base/file.h"
#include "bridge/config/config_standby.h"
#include "bridge/config/config_yaml.h"
#include "bridge/config/settings.h"
#include "ztp/gate.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* --- rules between settings, which are named by their members */

#define OF(member) offsetof(struct config, member)

static bool is_set(const struct config *config, const struct setting *setting)
{
	char **text = setting_at(setting, config);

	return (*text)[0] != '\0';
}

static const char *name_of(size_t member)
{
	return settings_of(member)->name;
}

static const char *text_of(const struct config *config, size_t member)
{
	return *(char **)setting_at(settings_of(member), config);
}

static int line_of(const struct config *config, size_t member)
{
	int line = config->lines[settings_index(settings_of(member))];

	return line > 0 ? line : 1;
}

/* An error about two settings is reported at the later one. */
static int later_of(const struct config *config, size_t a, size_t b)
{
	int one = line_of(config, a), two = line_of(config, b);

	return one > two ? one : two;
}

static int load_secret(struct config *config, const struct setting *file,
		       int *line, struct ztp_error *error)
{
	const struct setting *secret = settings_of(file->file_of);
	struct ztp_error inner = {0};
	char *content = NULL;
	int rc;

	if (!is_set(config, file))
		return 0;
	*line = line_of(config, file->offset);
	if (is_set(config, secret)) {
		*line = later_of(config, file->offset, secret->offset);
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s and %s: give one, not both", secret->name,
				file->name);
	}
	rc = setting_read_file(&content, *(char **)setting_at(file, config),
			       &inner);
	if (rc == 0)
		rc = setting_set(secret, config, content, &inner);
	setting_wipe(content);
	if (rc < 0)
		return ztp_fail(error, inner.code, "%s: %s", file->name,
				inner.message);
	return 0;
}

static int load_secrets(struct config *config, int *line,
			struct ztp_error *error)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (table[i].file_of)
			rc = load_secret(config, &table[i], line, error);
	return rc;
}

/* Kafka's metrics write '.' as '_', so it refuses to create a topic whose name
 * differs from another's in nothing else. */
static bool collide(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && (!strchr("._", *a) || !strchr("._", *b)))
			return false;
	return *a == *b;
}

/* With one topic for two purposes the bridge would read what it wrote
 * itself. */
static int check_topics(const struct config *config, int *line,
			struct ztp_error *error)
{
	static const size_t topics[] = {
#define X(name, number, member, what) OF(kafka.topics.member),
		ZTP_TOPIC_LIST(X)
#undef X
#define X(name, member, what) OF(kafka.topics.member),
			ZTP_GROUP_TOPIC_LIST(X)
#undef X
	};
	const size_t count = sizeof(topics) / sizeof(topics[0]);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			const char *a = text_of(config, topics[i]);
			const char *b = text_of(config, topics[j]);

			if (!collide(a, b))
				continue;
			*line = later_of(config, topics[i], topics[j]);
			return ztp_fail(error, ZTP_ERR_VALUE,
					"%s and %s are the same topic%s",
					name_of(topics[i]), name_of(topics[j]),
					strcmp(a, b) == 0
						? ""
						: " to Kafka, which does not "
						  "tell '.' from '_'");
		}
	}
	return 0;
}

/* Likewise: a device must not be called so that its commands are events. */
static int check_command_topic(const struct config *config, int *line,
			       struct ztp_error *error)
{
	const size_t in = OF(mqtt.pending_topics), out = OF(mqtt.command_topic);
	const struct config_list *topics = &config->mqtt.pending_topics;
	char filter[ZTP_TOPIC_MAX + 1];

	ztp_gate_command_filter(filter, config->mqtt.command_topic);
	for (size_t i = 0; i < topics->count; i++) {
		if (!ztp_gate_overlap(filter, topics->items[i]))
			continue;
		*line = later_of(config, in, out);
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s can be, or be above, the topic of %s",
				name_of(out), name_of(in));
	}
	return 0;
}

static int check_tls(const struct config *config, int *line,
		     struct ztp_error *error)
{
	static const size_t members[] = {
		OF(mqtt.tls.ca_file), OF(mqtt.tls.cert_file),
		OF(mqtt.tls.key_file), OF(mqtt.tls.key_password),
		OF(mqtt.tls.key_password_file)};
	const struct config_mqtt_tls *tls = &config->mqtt.tls;
	const bool cert = tls->cert_file[0], key = tls->key_file[0];

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		size_t needs = 0;

		if (!text_of(config, members[i])[0])
			continue;
		*line = line_of(config, members[i]);
		if (!config->mqtt.secure)
			return ztp_fail(error, ZTP_ERR_VALUE,
					"%s: needs an mqtts:// mqtt.url",
					name_of(members[i]));
		if (members[i] == OF(mqtt.tls.key_file))
			needs = cert ? 0 : OF(mqtt.tls.cert_file);
		else if (members[i] != OF(mqtt.tls.ca_file))
			needs = key ? 0 : OF(mqtt.tls.key_file);
		if (needs)
			return ztp_fail(error, ZTP_ERR_MISSING, "%s: needs %s",
					name_of(members[i]), name_of(needs));
	}
	return 0;
}

/* MQTT 3.1.1, section 3.1.2.9 */
static int check_login(const struct config *config, int *line,
		       struct ztp_error *error)
{
	size_t member = config->mqtt.password_file[0] ? OF(mqtt.password_file)
						      : OF(mqtt.password);

	if (config->mqtt.version != 4 || config->mqtt.username[0] ||
	    !config->mqtt.password[0])
		return 0;
	*line = line_of(config, member);
	return ztp_fail(error, ZTP_ERR_MISSING,
			"%s: MQTT 3.1.1 allows a password only with "
			"mqtt.username",
			name_of(member));
}

/* Without a gate the bridge's store is all that knows of an approval, which is
 * delivered again as long as it is kept. A payload does not outlive its
 * request. */
static void set_retention(struct config *config)
{
	int64_t *payload = &config->onboarding.payload_retention_ms;
	int64_t store = config->store.retention_ms;
	size_t member = OF(onboarding.payload_retention_ms);

	if (config->mqtt.registrar == CONFIG_REGISTRAR_NONE &&
	    config->lines[settings_index(settings_of(member))] == 0)
		*payload = store;
	config->onboarding.payload_retention_cut =
		*payload > store &&
		config->lines[settings_index(settings_of(member))] > 0;
	if (*payload > store)
		*payload = store;
}

/* --- loading */

static int set_defaults(struct config *config, struct ztp_error *error)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	int rc = 0;

	config->onboarding.omit_fields.items = calloc(1, sizeof(char *));
	if (!config->onboarding.omit_fields.items)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	for (size_t i = 0; rc == 0 && i < count; i++)
		if (table[i].type != SETTING_LIST &&
		    table[i].type != SETTING_MAP)
			rc = setting_set(&table[i], config, table[i].fallback,
					 error);
	return rc;
}

/* A list's items are added to those that are there, so its default comes
 * last. */
static int set_default_lists(struct config *config, struct ztp_error *error)
{
	size_t count;
	const struct setting *table = settings_table(&count);
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		if (settings_one_or_many(&table[i]) && config->lines[i] == 0)
			rc = setting_append(&table[i], config,
					    table[i].fallback, error);
	return rc;
}

static struct config *config_new(const char *file)
{
	struct config *config = calloc(1, sizeof(*config));
	size_t count;

	(void)settings_table(&count);
	if (!config)
		return NULL;
	config->file = strdup(file);
	config->lines = calloc(count, sizeof(*config->lines));
	if (config->file && config->lines)
		return config;
	config_free(config);
	return NULL;
}

/* A message may contain keys and values from the file; it must stay one
 * line. */
static void make_one_line(struct ztp_error *error)
{
	for (char *at = error->message; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
}

int config_load(struct config **config, const char *file, int *line,
		struct ztp_error *error)
{
	struct ztp_error ignored = {0};
	struct config *new = config_new(file);
	char *text = NULL;
	size_t len = 0;
	int rc = 0;

	error = error ? error : &ignored;
	*config = NULL;
	*line = 1;
	if (!new)
		rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	if (rc == 0)
		rc = ztp_file_read(&text, &len, file, CONFIG_FILE_MAX, error);
	if (rc == 0)
		rc = set_defaults(new, error);
	if (rc == 0)
		rc = config_yaml_read(new, text, len, line, error);
	if (rc == 0)
		rc = set_default_lists(new, error);
	if (rc == 0)
		set_retention(new);
	if (rc == 0)
		rc = load_secrets(new, line, error);
	if (rc == 0)
		rc = check_topics(new, line, error);
	if (rc == 0)
		rc = check_command_topic(new, line, error);
	if (rc == 0)
		rc = check_tls(new, line, error);
	if (rc == 0)
		rc = check_login(new, line, error);
	if (rc == 0)
		rc = config_check_standby(new, line, error);
	if (text)
		OPENSSL_cleanse(text, len);
	free(text);
	if (rc < 0) {
		make_one_line(error);
		config_free(new);
		return rc;
	}
	*config = new;
	return 0;
}

void config_free(struct config *config)
{
	size_t count;
	const struct setting *table = settings_table(&count);

	if (!config)
		return;
	for (size_t i = 0; i < count; i++)
		setting_clear(&table[i], config);
	free(config->mqtt.host);
	free(config->http.host);
	free(config->file);
	free(config->lines);
	free(config);
}

void config_complain(FILE *out, const char *file, int line,
		     const struct ztp_error *error)
{
	(void)fprintf(out, "%s:%d: %s\n", file, line, error->message);
}

/* --- warnings */

static int warn(const struct config *config, FILE *out, size_t member,
		const char *text)
{
	(void)fprintf(out, "%s:%d: warning: %s: %s\n", config->file,
		      line_of(config, member), name_of(member), text);
	return 1;
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

int config_warnings(const struct config *config, FILE *out)
{
	const struct config_mqtt *mqtt = &config->mqtt;
	int count = 0;

	if (!ztp_topic_unique(mqtt->command_topic))
		count += warn(config, out, OF(mqtt.command_topic),
			      "two devices may share a topic; the later "
			      "one ends in conflict");
	if (mqtt->command_format == ZTP_COMMAND_RAW && mqtt->version == 4)
		count += warn(config, out, OF(mqtt.command_format),
			      "raw on MQTT 3.1.1 carries no request id: a "
			      "device may get the same payload twice");
	if (mqtt->command_format == ZTP_COMMAND_RAW && mqtt->version == 4 &&
	    mqtt->delivery_ack == CONFIG_ACK_DEVICE)
		count += warn(config, out, OF(mqtt.delivery_ack),
			      "raw on MQTT 3.1.1 tells a device no request id, "
			      "which its answer needs");
	if (mqtt->password_file[0] && !mqtt->password[0])
		count += warn(config, out, OF(mqtt.password_file),
			      "the file is empty: no password is sent");
	if (mqtt->password[0] && !mqtt->secure && !is_loopback(mqtt->host))
		count += warn(config, out, OF(mqtt.url),
			      "the password crosses the network unencrypted; "
			      "use mqtts://");
	if (config->onboarding.payload_retention_cut)
		count += warn(config, out, OF(onboarding.payload_retention_ms),
			      "is cut to store.retention");
	return count;
}
