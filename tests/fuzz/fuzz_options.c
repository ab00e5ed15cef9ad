/*
 * The gate's options, as they stand in the broker's configuration: one a line,
 * its name and its value. Options that are taken can be worked with: there is a
 * database, no operator is empty, the limits are positive, and the command
 * topic is of the device that it was rendered for.
 */
#include "fuzz.h"

#include "gate/broker_api.h"
#include "gate/options.h"

#define OPTIONS 16

static const char *const devices[] = {
	"subscriptions/a/registries/b/devices/c",
	"subscriptions/a/registries/b/devices/subscriptions",
	"subscriptions/a/registries/b/devices/ztp",
};

static size_t read_lines(struct mosquitto_opt *opts, const uint8_t *data,
			 size_t size)
{
	size_t count = 0;

	while (size > 0 && count < OPTIONS) {
		char *line = fuzz_line(&data, &size);
		char *space = strchr(line, ' ');

		if (space)
			*space = '\0';
		opts[count].key = line;
		opts[count].value = space ? space + 1 : NULL;
		count++;
	}
	return count;
}

static void check_topics(const struct ztp_options *options)
{
	char topic[ZTP_TOPIC_MAX + 1], other[ZTP_TOPIC_MAX + 1];
	struct ztp_path path;
	size_t i;

	MUST(ztp_topic_check(options->command_topic, NULL) == 0);
	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++) {
		MUST(ztp_path_parse(&path, devices[i], strlen(devices[i]),
				    NULL) == 0);
		(void)ztp_topic_render(topic, options->command_topic, &path);
		MUST(ztp_gate_overlap(options->command_filter, topic));
		MUST(strncmp(topic, "ztp/", 4) != 0 && *topic != '$');
		MUST(i == 0 || strcmp(topic, other) != 0);
		memcpy(other, topic, sizeof(topic));
	}
}

static void check(const struct ztp_options *options)
{
	size_t i;

	MUST(options->registry_db && *options->registry_db);
	MUST(options->retry_after_s >= 0);
	MUST(options->limits.per_certificate > 0 &&
	     options->limits.per_registry > 0);
	for (i = 0; i < options->operator_count; i++) {
		const char *name = options->operators[i];

		MUST(*name && *name != ' ' && !strchr(name, ','));
		MUST(ztp_options_is_operator(options, name));
	}
	MUST(!ztp_options_is_operator(options, NULL));
	MUST(!ztp_options_is_operator(options, ""));
	check_topics(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mosquitto_opt opts[OPTIONS] = {{0}};
	size_t i, count = read_lines(opts, data, size);
	struct ztp_options options;
	struct ztp_error error = {0};
	int rc = ztp_options_read(&options, opts, (int)count, &error);

	if (rc == 0)
		check(&options);
	else
		MUST(error.code == (enum ztp_err)rc && *error.message);
	ztp_options_clear(&options);
	for (i = 0; i < count; i++)
		free(opts[i].key);
	return 0;
}
