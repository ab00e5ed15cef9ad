#include "gate/options.h"

#include <stdlib.h>
#include <string.h>

#include "gate/broker_api.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static int set_text(char **field, const char *value, struct ztp_error *error)
{
	char *copy;

	if (!*value)
		return ztp_fail(error, ZTP_ERR_VALUE, "is empty");
	copy = strdup(value);
	if (!copy)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

static int set_number(int64_t *field, const char *value, int64_t min,
		      int64_t max, struct ztp_error *error)
{
	if (ztp_number_parse(field, value, min, max))
		return 0;
	return ztp_fail(error, ZTP_ERR_VALUE,
			"is not a number from %lld to %lld", (long long)min,
			(long long)max);
}

static int set_registry_db(struct ztp_options *options, const char *value,
			   struct ztp_error *error)
{
	return set_text(&options->registry_db, value, error);
}

static int set_command_topic(struct ztp_options *options, const char *value,
			     struct ztp_error *error)
{
	int rc = ztp_topic_check(value, error);

	return rc ? rc : set_text(&options->command_topic, value, error);
}

static int add_operator(struct ztp_options *options, const char *name,
			size_t len, struct ztp_error *error)
{
	size_t n = options->operator_count;
	char **grown = realloc(options->operators, (n + 1) * sizeof(*grown));

	if (!grown)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	options->operators = grown;
	grown[n] = strndup(name, len);
	if (!grown[n])
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	options->operator_count++;
	return 0;
}

/* Comma-separated. Spaces around a name are dropped, spaces within it kept. */
static int set_operators(struct ztp_options *options, const char *value,
			 struct ztp_error *error)
{
	for (;;) {
		size_t len;
		const char *next = strchr(value, ',');

		value += strspn(value, " ");
		len = next ? (size_t)(next - value) : strlen(value);
		while (len > 0 && value[len - 1] == ' ')
			len--;
		if (len == 0)
			return ztp_fail(error, ZTP_ERR_VALUE,
					"contains an empty name");
		if (add_operator(options, value, len, error) != 0)
			return ZTP_ERR_NOMEM;
		if (!next)
			return 0;
		value = next + 1;
	}
}

static int set_pending_mode(struct ztp_options *options, const char *value,
			    struct ztp_error *error)
{
	if (strcmp(value, ZTP_MODE_HOLD) != 0 &&
	    strcmp(value, ZTP_MODE_REFUSE) != 0)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"is neither hold nor refuse");
	options->hold = *value == 'h';
	return 0;
}

static int set_topic(bool *apart, const char *value, const char *usual,
		     struct ztp_error *error)
{
	size_t len = strlen(usual);

	*apart = strncmp(value, usual, len) == 0 &&
		 strcmp(value + len, ZTP_MQTT_APART) == 0;
	if (*apart || strcmp(value, usual) == 0)
		return 0;
	return ztp_fail(error, ZTP_ERR_VALUE, "is neither %s nor %s%s", usual,
			usual, ZTP_MQTT_APART);
}

static int set_pending_topic(struct ztp_options *options, const char *value,
			     struct ztp_error *error)
{
	return set_topic(&options->pending_apart, value, ZTP_MQTT_PENDING,
			 error);
}

static int set_subscribed_topic(struct ztp_options *options, const char *value,
				struct ztp_error *error)
{
	return set_topic(&options->subscribed_apart, value, ZTP_MQTT_SUBSCRIBED,
			 error);
}

static int set_retry_after(struct ztp_options *options, const char *value,
			   struct ztp_error *error)
{
	return set_number(&options->retry_after_s, value, 0,
			  ZTP_CONTROL_RETRY_MAX_S, error);
}

static int set_per_certificate(struct ztp_options *options, const char *value,
			       struct ztp_error *error)
{
	return set_number(&options->limits.per_certificate, value, 1,
			  1000000000, error);
}

static int set_per_registry(struct ztp_options *options, const char *value,
			    struct ztp_error *error)
{
	return set_number(&options->limits.per_registry, value, 1, 1000000000,
			  error);
}

static const struct {
	const char *key;
	int (*set)(struct ztp_options *options, const char *value,
		   struct ztp_error *error);
} table[] = {
	{"registry_db", set_registry_db},
	{"operators", set_operators},
	{ZTP_M_PENDING_MODE, set_pending_mode},
	{ZTP_M_COMMAND_TOPIC, set_command_topic},
	{ZTP_M_PENDING_TOPIC, set_pending_topic},
	{ZTP_M_SUBSCRIBED_TOPIC, set_subscribed_topic},
	{"retry_after", set_retry_after},
	{"max_per_certificate", set_per_certificate},
	{"max_per_registry", set_per_registry},
};

static int set_one(struct ztp_options *options, const struct mosquitto_opt *opt,
		   struct ztp_error *error)
{
	struct ztp_error why = {0};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (strcmp(opt->key, table[i].key) != 0)
			continue;
		if (table[i].set(options, opt->value ? opt->value : "", &why) ==
		    0)
			return 0;
		return ztp_fail(error, why.code, "plugin_opt_%s %s", opt->key,
				why.message);
	}
	return ztp_fail(error, ZTP_ERR_USAGE, "plugin_opt_%s is unknown",
			opt->key);
}

static int set_twice(const struct mosquitto_opt *opts, int index,
		     struct ztp_error *error)
{
	for (int i = 0; i < index; i++)
		if (strcmp(opts[i].key, opts[index].key) == 0)
			return ztp_fail(error, ZTP_ERR_USAGE,
					"plugin_opt_%s is given more than once",
					opts[index].key);
	return 0;
}

int ztp_options_read(struct ztp_options *options,
		     const struct mosquitto_opt *opts, int count,
		     struct ztp_error *error)
{
	int rc = 0;

	*options = (struct ztp_options){
		.hold = true,
		.retry_after_s = 60,
		.limits = {16, 100000, 8},
	};
	for (int i = 0; rc == 0 && i < count; i++) {
		rc = set_twice(opts, i, error);
		if (rc == 0)
			rc = set_one(options, &opts[i], error);
	}
	if (rc == 0 && !options->registry_db)
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "plugin_opt_registry_db is missing");
	if (rc == 0 && !options->command_topic)
		rc = set_text(&options->command_topic, ZTP_MQTT_COMMANDS,
			      error);
	if (rc != 0) {
		ztp_options_clear(options);
		return rc;
	}
	ztp_gate_command_filter(options->command_filter,
				options->command_topic);
	return 0;
}

void ztp_options_clear(struct ztp_options *options)
{
	for (size_t i = 0; i < options->operator_count; i++)
		free(options->operators[i]);
	free(options->operators);
	free(options->registry_db);
	free(options->command_topic);
	*options = (struct ztp_options){0};
}

bool ztp_options_is_operator(const struct ztp_options *options,
			     const char *username)
{
	for (size_t i = 0; username && i < options->operator_count; i++)
		if (strcmp(username, options->operators[i]) == 0)
			return true;
	return false;
}
