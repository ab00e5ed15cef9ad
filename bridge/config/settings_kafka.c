/*
 * kafka.properties: any property that librdkafka knows. librdkafka itself is
 * asked, so a misspelt property is reported at its line. Refused are the few
 * properties that have a setting of their own, and values that would break the
 * bridge's guarantees or that the bridge would override
 * (base/kafka_properties.c has the list). Which values do not go together,
 * librdkafka tells when a handle is made (bridge/kafka/kafka_check.c).
 */
#include "base/kafka_files.h"
#include "base/kafka_properties.h"
#include "bridge/config/settings.h"
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* By its end, so that a later librdkafka's are known as well. */
static bool is_secret(const char *name)
{
	return ends_with(name, ".password") || ends_with(name, ".secret") ||
	       ends_with(name, ".passphrase") || ends_with(name, ".key.pem") ||
	       strcmp(name, "sasl.oauthbearer.config") == 0;
}

static const char *setting_instead(enum ztp_kafka_given given)
{
	size_t member = given == ZTP_KAFKA_GIVEN_GROUP
				? offsetof(struct config, kafka.group)
				: offsetof(struct config, kafka.brokers);

	return settings_of(member)->name;
}

/* The value as librdkafka writes it: "all" and "-1" are the same to it. Returns
 * false if it does not take the value. */
static bool normal_form(const char *name, const char *value, char *text,
			size_t size)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool ok =
		conf &&
		rd_kafka_conf_set(conf, name, value, NULL, 0) ==
			RD_KAFKA_CONF_OK &&
		rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK;

	if (conf)
		rd_kafka_conf_destroy(conf);
	return ok;
}

static bool is_same(const char *name, const char *value, const char *other)
{
	char one[128], two[128];

	return strcmp(value, other) == 0 ||
	       (normal_form(name, value, one, sizeof(one)) &&
		normal_form(name, other, two, sizeof(two)) &&
		strcmp(one, two) == 0);
}

static int check_promises(const char *name, const char *value,
			  struct ztp_error *error)
{
	const struct ztp_kafka_property *property =
		ztp_kafka_property_find(name, strlen(name));
	const char *promise;

	if (!property)
		return 0;
	if (property->bridge == ZTP_KAFKA_REFUSED && property->why)
		return ztp_fail(error, ZTP_ERR_VALUE, "cannot be set: %s",
				property->why);
	if (property->bridge == ZTP_KAFKA_REFUSED)
		return ztp_fail(error, ZTP_ERR_VALUE, "use %s instead",
				setting_instead(property->given));
	promise = ztp_kafka_property_promise(property);
	if (promise && !is_same(name, value, promise))
		return ztp_fail(
			error, ZTP_ERR_VALUE,
			"must be %s: the bridge's guarantees rest on it",
			promise);
	if (property->never && is_same(name, value, property->never))
		return ztp_fail(
			error, ZTP_ERR_VALUE,
			"cannot be %s: the bridge's guarantees rest on it",
			property->never);
	return 0;
}

/* librdkafka's message may repeat the value, so it is not used for secrets. */
static int check_known(const char *name, const char *value, bool secret,
		       struct ztp_error *error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[160] = "";
	rd_kafka_conf_res_t res;

	if (!conf)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	res = rd_kafka_conf_set(conf, name, value, why, sizeof(why));
	rd_kafka_conf_destroy(conf);
	if (res == RD_KAFKA_CONF_OK)
		return 0;
	if (res == RD_KAFKA_CONF_UNKNOWN)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"librdkafka has no such property");
	return ztp_fail(error, ZTP_ERR_VALUE, "%s",
			secret ? "librdkafka refuses the value" : why);
}

static int check_duplicate(const struct config_properties *properties,
			   const char *name, bool from_file,
			   struct ztp_error *error)
{
	for (size_t i = 0; i < properties->count; i++) {
		const struct config_property *other = &properties->items[i];

		if (strcmp(other->name, name) != 0)
			continue;
		if (from_file == (other->file[0] != '\0'))
			return ztp_fail(error, ZTP_ERR_DUPLICATE_KEY,
					"given more than once");
		return ztp_fail(error, ZTP_ERR_VALUE,
				"%s and %s_file: give one, not both", name,
				name);
	}
	return 0;
}

/* Takes ownership of what *property holds, whatever it returns. */
static int append(struct config_properties *properties,
		  struct config_property *property, struct ztp_error *error)
{
	struct config_property *items = NULL;

	if (property->name && property->value && property->file)
		items = realloc(properties->items,
				(properties->count + 1) * sizeof(*items));
	if (!items) {
		property_clear(property);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	properties->items = items;
	items[properties->count++] = *property;
	return 0;
}

int properties_add(struct config_properties *properties, const char *name,
		   const char *value, struct ztp_error *error)
{
	struct config_property new = {.name = strdup(name)};
	bool from_file = false;
	int rc = 0;

	if (new.name && ends_with(name, SETTING_OF_FILE)) {
		char *end = new.name + strlen(name) - strlen(SETTING_OF_FILE);

		*end = '\0';
		from_file = is_secret(new.name);
		if (!from_file)
			*end = SETTING_OF_FILE[0];
	}
	if (!new.name)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	new.secret = is_secret(new.name);
	new.file = strdup(from_file ? value : "");
	rc = check_duplicate(properties, new.name, from_file, error);
	if (rc == 0 && from_file)
		rc = setting_read_file(&new.value, value, error);
	else if (rc == 0)
		new.value = strdup(value);
	if (rc == 0 && new.value && !new.secret)
		rc = setting_check_text(new.value, error);
	if (rc == 0 && new.value)
		rc = check_known(new.name, new.value, new.secret, error);
	if (rc == 0 && new.value)
		rc = check_promises(new.name, new.value, error);
	if (rc == 0 && new.value)
		rc = ztp_kafka_file_check(new.name, strlen(new.name), new.value,
					  error);
	if (rc < 0) {
		property_clear(&new);
		return rc;
	}
	return append(properties, &new, error);
}
