/* Loads a configuration: the file's values over the defaults, then the rules
 * between settings. */
#include "bridge/config/config.h"
#include "base/file.h"
#include "bridge/config/config_yaml.h"
#include "bridge/config/settings.h"
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* --- rules between settings */

static bool is_set(const struct config *config, const struct setting *setting)
{
	char **text = setting_at(setting, config);

	return (*text)[0] != '\0';
}

static int line_of(const struct config *config, const char *name)
{
	int line = config->lines[settings_index(settings_find(name))];

	return line > 0 ? line : 1;
}

/* An error about two settings is reported at the later one. */
static int later_of(const struct config *config, const char *a, const char *b)
{
	int one = line_of(config, a), two = line_of(config, b);

	return one > two ? one : two;
}

static int load_secret(struct config *config, const struct setting *file,
		       int *line, struct ztp_error *error)
{
	const struct setting *secret = settings_find(file->file_of);
	struct ztp_error inner = {0};
	char *content = NULL;
	int rc;

	if (!is_set(config, file))
		return 0;
	*line = line_of(config, file->name);
	if (is_set(config, secret)) {
		*line = later_of(config, file->name, secret->name);
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

/* With one topic for two purposes the bridge would read what it wrote
 * itself. */
static int check_topics(const struct config *config, int *line,
			struct ztp_error *error)
{
	static const char *const names[] = {
		"kafka.topics.requests", "kafka.topics.decisions",
		"kafka.topics.results", "kafka.topics.dlq",
		"kafka.topics.audit"};
	const size_t count = sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < count; i++) {
		for (size_t j = i + 1; j < count; j++) {
			char **a = setting_at(settings_find(names[i]), config);
			char **b = setting_at(settings_find(names[j]), config);

			if (strcmp(*a, *b) != 0)
				continue;
			*line = later_of(config, names[i], names[j]);
			return ztp_fail(error, ZTP_ERR_VALUE,
					"%s and %s are the same topic",
					names[i], names[j]);
		}
	}
	return 0;
}

static int check_tls(const struct config *config, int *line,
		     struct ztp_error *error)
{
	const struct config_mqtt_tls *tls = &config->mqtt.tls;
	const struct {
		const char *name, *value;
	} rows[] = {{"mqtt.tls.ca_file", tls->ca_file},
		    {"mqtt.tls.cert_file", tls->cert_file},
		    {"mqtt.tls.key_file", tls->key_file},
		    {"mqtt.tls.key_password", tls->key_password},
		    {"mqtt.tls.key_password_file", tls->key_password_file}};
	const bool cert = tls->cert_file[0], key = tls->key_file[0];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!rows[i].value[0])
			continue;
		*line = line_of(config, rows[i].name);
		if (!config->mqtt.secure)
			return ztp_fail(error, ZTP_ERR_VALUE,
					"%s: needs an mqtts:// mqtt.url",
					rows[i].name);
		if (i == 1 && !key)
			return ztp_fail(error, ZTP_ERR_MISSING,
					"%s: needs mqtt.tls.key_file",
					rows[i].name);
		if (i == 2 && !cert)
			return ztp_fail(error, ZTP_ERR_MISSING,
					"%s: needs mqtt.tls.cert_file",
					rows[i].name);
		if (i > 2 && !key)
			return ztp_fail(error, ZTP_ERR_MISSING,
					"%s: needs mqtt.tls.key_file",
					rows[i].name);
	}
	return 0;
}

/* MQTT 3.1.1, section 3.1.2.9 */
static int check_login(const struct config *config, int *line,
		       struct ztp_error *error)
{
	const char *name = config->mqtt.password_file[0] ? "mqtt.password_file"
							 : "mqtt.password";

	if (config->mqtt.version != 4 || config->mqtt.username[0] ||
	    !config->mqtt.password[0])
		return 0;
	*line = line_of(config, name);
	return ztp_fail(error, ZTP_ERR_MISSING,
			"%s: MQTT 3.1.1 allows a password only with "
			"mqtt.username",
			name);
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
		rc = load_secrets(new, line, error);
	if (rc == 0)
		rc = check_topics(new, line, error);
	if (rc == 0)
		rc = check_tls(new, line, error);
	if (rc == 0)
		rc = check_login(new, line, error);
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

static int warn(const struct config *config, FILE *out, const char *name,
		const char *text)
{
	(void)fprintf(out, "%s:%d: warning: %s: %s\n", config->file,
		      line_of(config, name), name, text);
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
		count += warn(config, out, "mqtt.command_topic",
			      "two devices may share a topic; the later "
			      "one ends in conflict");
	if (mqtt->command_format == ZTP_COMMAND_RAW && mqtt->version == 4)
		count += warn(config, out, "mqtt.command_format",
			      "raw on MQTT 3.1.1 carries no request id: a "
			      "device may get the same payload twice");
	if (mqtt->password[0] && !mqtt->secure && !is_loopback(mqtt->host))
		count += warn(config, out, "mqtt.url",
			      "the password crosses the network unencrypted; "
			      "use mqtts://");
	return count;
}
