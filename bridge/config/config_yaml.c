/*
 * Converts the tree that base/yaml.h reads to the members that the table of
 * settings defines. Names in messages are dotted, as in the table:
 * "mqtt.tls.ca_file".
 */
#include "bridge/config/config_yaml.h"
#include "base/yaml.h"
#include "bridge/config/config_expand.h"
#include "bridge/config/settings.h"
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 200

struct reader {
	struct config *config;
	int *line;
	struct ztp_error *error;
};

static int refuse(struct reader *reader, const char *name, enum ztp_err code,
		  const char *why)
{
	return ztp_fail(reader->error, code, "%s: %s", name, why);
}

static int refuse_key(struct reader *reader, const char *section,
		      const char *name)
{
	char keys[sizeof(reader->error->message)], why[sizeof(keys) + 32];

	settings_keys(keys, sizeof(keys), section);
	snprintf(why, sizeof(why), "unknown key: there are %s", keys);
	return refuse(reader, name, ZTP_ERR_VALUE, why);
}

/* Puts "name: " in front of a message that a setting's own code made. */
static int blame(struct reader *reader, const char *name, int rc)
{
	struct ztp_error inner;

	if (rc == 0 || !reader->error)
		return rc;
	inner = *reader->error;
	return refuse(reader, name, inner.code, inner.message);
}

/* Expands the variables in a scalar's text. The caller owns *value. */
static int read_value(struct reader *reader, const char *name,
		      const struct ztp_yaml_node *node, char **value)
{
	if (node->kind == ZTP_YAML_LIST)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "a list where one value belongs");
	if (node->kind == ZTP_YAML_MAP)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "a mapping where a value belongs");
	if (node->is_null)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "has no value (write \"\" for an empty one)");
	return blame(reader, name,
		     config_expand(value, node->text, reader->error));
}

static int read_item(struct reader *reader, const struct setting *setting,
		     const struct ztp_yaml_node *item)
{
	char *value = NULL;
	int rc = read_value(reader, setting->name, item, &value);

	if (rc == 0)
		rc = blame(reader, setting->name,
			   setting_append(setting, reader->config, value,
					  reader->error));
	free(value);
	return rc;
}

static int read_list(struct reader *reader, const struct setting *setting,
		     const struct ztp_yaml_node *list)
{
	const struct ztp_yaml_node *item = list->first;
	int rc = 0;

	if (!item && settings_one_or_many(setting))
		return refuse(reader, setting->name, ZTP_ERR_EMPTY, "is empty");
	for (; rc == 0 && item; item = item->next)
		rc = read_item(reader, setting, item);
	return rc;
}

/* Joins a list's items by commas, for a setting that is one string. */
static int join_list(struct reader *reader, const struct setting *setting,
		     const struct ztp_yaml_node *list, char **joined)
{
	const struct ztp_yaml_node *item = list->first;
	char *value = NULL, *longer;
	int rc = 0;

	*joined = strdup("");
	for (; rc == 0 && item; item = item->next) {
		rc = read_value(reader, setting->name, item, &value);
		if (rc == 0 && *joined &&
		    asprintf(&longer, "%s%s%s", *joined, **joined ? "," : "",
			     value) >= 0) {
			free(*joined);
			*joined = longer;
		} else if (rc == 0) {
			rc = ZTP_ERR_NOMEM;
		}
		free(value);
		value = NULL;
	}
	if (rc == ZTP_ERR_NOMEM || !*joined)
		return refuse(reader, setting->name, ZTP_ERR_NOMEM,
			      "out of memory");
	return rc;
}

static void note_line(struct config_properties *properties, int line)
{
	properties->items[properties->count - 1].line = line;
}

static int read_map(struct reader *reader, const struct setting *setting,
		    const struct ztp_yaml_node *map)
{
	const struct ztp_yaml_node *item = map->first;
	char name[NAME_MAX_LEN + 1];
	char *value = NULL;
	int rc = 0;

	for (; rc == 0 && item; item = item->next) {
		*reader->line = item->key_line;
		(void)snprintf(name, sizeof(name), "%s.%s", setting->name,
			       item->key);
		rc = read_value(reader, name, item, &value);
		if (rc == 0)
			rc = blame(reader, name,
				   properties_add(
					   setting_at(setting, reader->config),
					   item->key, value, reader->error));
		if (rc == 0)
			note_line(setting_at(setting, reader->config),
				  item->key_line);
		setting_wipe(value);
		value = NULL;
	}
	return rc;
}

static int read_scalar(struct reader *reader, const struct setting *setting,
		       const struct ztp_yaml_node *node)
{
	char *value = NULL;
	int rc;

	if (node->kind == ZTP_YAML_LIST &&
	    setting->check == setting_check_brokers)
		rc = join_list(reader, setting, node, &value);
	else
		rc = read_value(reader, setting->name, node, &value);
	if (rc == 0)
		rc = blame(reader, setting->name,
			   setting_set(setting, reader->config, value,
				       reader->error));
	setting_wipe(value);
	return rc;
}

static int read_setting(struct reader *reader, const struct setting *setting,
			const struct ztp_yaml_node *node)
{
	switch (setting->type) {
	case SETTING_MAP:
		if (node->is_null || node->kind == ZTP_YAML_MAP)
			return read_map(reader, setting, node);
		return refuse(reader, setting->name, ZTP_ERR_TYPE,
			      "must be a mapping of names to values");
	case SETTING_LIST:
		if (settings_one_or_many(setting) &&
		    (node->is_null || node->kind == ZTP_YAML_SCALAR))
			return read_item(reader, setting, node);
		if (node->is_null || node->kind == ZTP_YAML_LIST)
			return read_list(reader, setting, node);
		return refuse(reader, setting->name, ZTP_ERR_TYPE,
			      "must be a list");
	default:
		return read_scalar(reader, setting, node);
	}
}

static int read_section(struct reader *reader, const char *prefix,
			const struct ztp_yaml_node *section);

/* A key with a dot is unknown: no setting's own key has one, and "mqtt.url" at
 * the top must not be accepted. */
static int read_key(struct reader *reader, const char *prefix,
		    const struct ztp_yaml_node *node)
{
	bool dotted = strchr(node->key, '.');
	char name[NAME_MAX_LEN + 1];
	const struct setting *setting;

	(void)snprintf(name, sizeof(name), "%s%s%s", prefix,
		       prefix[0] ? "." : "", node->key);
	setting = dotted ? NULL : settings_find(name);
	if (setting) {
		reader->config->lines[settings_index(setting)] = node->key_line;
		return read_setting(reader, setting, node);
	}
	if (dotted || !settings_section(name))
		return refuse_key(reader, prefix, name);
	if (!node->is_null && node->kind != ZTP_YAML_MAP)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "must be a section with keys of its own");
	return read_section(reader, name, node);
}

/* The depth of the table of settings bounds the recursion. */
static int read_section(struct reader *reader, const char *prefix,
			const struct ztp_yaml_node *section)
{
	int rc = 0;

	for (const struct ztp_yaml_node *node = section->first; rc == 0 && node;
	     node = node->next) {
		*reader->line = node->key_line;
		rc = read_key(reader, prefix, node);
	}
	return rc;
}

int config_yaml_read(struct config *config, const char *text, size_t len,
		     int *line, struct ztp_error *error)
{
	struct reader reader = {config, line, error};
	struct ztp_yaml_node *root;
	int rc = ztp_yaml_read(&root, text, len, line, error);

	if (rc < 0)
		return rc;
	*line = root->line;
	if (root->is_null || root->kind == ZTP_YAML_MAP)
		rc = read_section(&reader, "", root);
	else
		rc = ztp_fail(error, ZTP_ERR_TYPE,
			      "the file is not a mapping of keys to values");
	ztp_yaml_free(root);
	return rc;
}
