/*
 * The configuration is a small part of YAML: mappings to the depth of the
 * table, scalars, and lists of scalars, in one document. Anchors, aliases and
 * tags are refused, so nothing in a file means something that is not written
 * where it stands, and nothing grows when it is read. The reader descends
 * only where the table of settings has a section, which bounds its depth.
 */
#include "bridge/config/config_yaml.h"
#include "bridge/config/config_expand.h"
#include "bridge/config/settings.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NAME_MAX_LEN 200

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	struct config *config;
	const char *text;
	unsigned char *sections; /* per row: bits of the depths seen */
	int *line;
	struct ztp_error *error;
};

static void drop_event(struct reader *reader)
{
	if (reader->has_event)
		yaml_event_delete(&reader->event);
	reader->has_event = false;
}

static int event_line(const struct reader *reader)
{
	return (int)reader->event.start_mark.line + 1;
}

/* libyaml marks the line of everything but of bytes that it cannot read,
 * and those it may meet ahead of where it is. */
static int parser_failed(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem ? parser->problem : "no YAML";

	*reader->line = (int)parser->problem_mark.line + 1;
	if (parser->error == YAML_MEMORY_ERROR)
		return ztp_fail(reader->error, ZTP_ERR_NOMEM, "out of memory");
	if (parser->error == YAML_READER_ERROR) {
		*reader->line = 1;
		for (size_t i = 0; i < parser->problem_offset; i++)
			*reader->line += reader->text[i] == '\n';
	}
	return ztp_fail(reader->error, ZTP_ERR_VALUE, "YAML: %s", problem);
}

static bool is_marked(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return true;
	case YAML_SCALAR_EVENT:
		return event->data.scalar.anchor || event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.anchor ||
		       event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.anchor ||
		       event->data.mapping_start.tag;
	default:
		return false;
	}
}

static int next(struct reader *reader)
{
	drop_event(reader);
	if (!yaml_parser_parse(&reader->parser, &reader->event))
		return parser_failed(reader);
	reader->has_event = true;
	if (!is_marked(&reader->event))
		return 0;
	*reader->line = event_line(reader);
	return ztp_fail(reader->error, ZTP_ERR_VALUE,
			"anchors, aliases and tags are not for this file");
}

static const char *scalar_text(const struct reader *reader)
{
	return (const char *)reader->event.data.scalar.value;
}

/* What YAML takes for "nothing here". */
static bool is_null(const struct reader *reader)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	if (reader->event.type != YAML_SCALAR_EVENT ||
	    reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
		if (strcmp(scalar_text(reader), nulls[i]) == 0)
			return true;
	return false;
}

static bool has_nul(const struct reader *reader)
{
	return strlen(scalar_text(reader)) != reader->event.data.scalar.length;
}

/* "name: " in front of a message that a setting's own code made. */
static int blame(struct reader *reader, const char *name, int rc)
{
	struct ztp_error inner;

	if (rc == 0 || !reader->error)
		return rc;
	inner = *reader->error;
	return ztp_fail(reader->error, inner.code, "%s: %s", name,
			inner.message);
}

static int refuse(struct reader *reader, const char *name, enum ztp_err code,
		  const char *why)
{
	return ztp_fail(reader->error, code, "%s: %s", name, why);
}

/* The event is a scalar that is some value. The caller owns *value. */
static int read_value(struct reader *reader, const char *name, char **value)
{
	if (reader->event.type == YAML_SEQUENCE_START_EVENT)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "a list where one value belongs");
	if (reader->event.type != YAML_SCALAR_EVENT)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "a mapping where a value belongs");
	if (is_null(reader))
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "no value (\"\" is an empty one)");
	if (has_nul(reader))
		return refuse(reader, name, ZTP_ERR_NUL, "a NUL character");
	return blame(reader, name,
		     config_expand(value, scalar_text(reader), reader->error));
}

/* The event begins a sequence. Items one by one, or joined for a setting
 * that is a list in one string. */
static int read_list(struct reader *reader, const struct setting *setting)
{
	char *joined = strdup(""), *item = NULL, *longer = NULL;
	int rc = 0;

	while (rc == 0 && (rc = next(reader)) == 0 &&
	       reader->event.type != YAML_SEQUENCE_END_EVENT) {
		rc = read_value(reader, setting->name, &item);
		if (rc == 0 && setting->type == SETTING_LIST) {
			rc = setting_append(setting, reader->config, item,
					    reader->error);
			rc = blame(reader, setting->name, rc);
		} else if (rc == 0 && joined &&
			   asprintf(&longer, "%s%s%s", joined,
				    joined[0] ? "," : "", item) >= 0) {
			free(joined);
			joined = longer;
		} else if (rc == 0) {
			rc = refuse(reader, setting->name, ZTP_ERR_NOMEM,
				    "out of memory");
		}
		free(item);
		item = NULL;
	}
	if (rc == 0 && setting->type != SETTING_LIST)
		rc = blame(reader, setting->name,
			   setting_set(setting, reader->config,
				       joined ? joined : "", reader->error));
	free(joined);
	return rc;
}

/* The event begins a mapping of names to scalars. */
static int read_map(struct reader *reader, const struct setting *setting)
{
	char name[NAME_MAX_LEN + 1];
	char *value = NULL;
	int rc = 0;

	while (rc == 0 && (rc = next(reader)) == 0 &&
	       reader->event.type != YAML_MAPPING_END_EVENT) {
		*reader->line = event_line(reader);
		if (reader->event.type != YAML_SCALAR_EVENT || has_nul(reader))
			return refuse(reader, setting->name, ZTP_ERR_TYPE,
				      "a key that is no text");
		(void)snprintf(name, sizeof(name), "%s.%s", setting->name,
			       scalar_text(reader));
		rc = next(reader);
		if (rc == 0)
			rc = read_value(reader, name, &value);
		if (rc == 0)
			rc = blame(reader, name,
				   properties_add(
					   setting_at(setting, reader->config),
					   name + strlen(setting->name) + 1,
					   value, reader->error));
		setting_wipe(value);
		value = NULL;
	}
	return rc;
}

/* The event is the value of the setting. */
static int read_setting(struct reader *reader, const struct setting *setting)
{
	yaml_event_type_t type = reader->event.type;
	bool listed = setting->type == SETTING_LIST ||
		      setting->check == setting_check_brokers;
	char *value = NULL;
	int rc;

	if (setting->type == SETTING_MAP || setting->type == SETTING_LIST) {
		if (is_null(reader))
			return 0;
	}
	if (setting->type == SETTING_MAP)
		return type == YAML_MAPPING_START_EVENT
			       ? read_map(reader, setting)
			       : refuse(reader, setting->name, ZTP_ERR_TYPE,
					"is a mapping of names to values");
	if (listed && type == YAML_SEQUENCE_START_EVENT)
		return read_list(reader, setting);
	if (setting->type == SETTING_LIST)
		return refuse(reader, setting->name, ZTP_ERR_TYPE, "is a list");
	rc = read_value(reader, setting->name, &value);
	if (rc == 0)
		rc = blame(reader, setting->name,
			   setting_set(setting, reader->config, value,
				       reader->error));
	setting_wipe(value);
	return rc;
}

static int depth_of(const char *name)
{
	int depth = 0;

	for (; *name; name++)
		depth += *name == '.';
	return depth;
}

static int read_section(struct reader *reader, const char *prefix);

/* The event is the value of a key that is a section. */
static int enter_section(struct reader *reader, const char *name,
			 const struct setting *first)
{
	unsigned char *seen = &reader->sections[settings_index(first)];
	unsigned char bit = (unsigned char)(1u << depth_of(name));

	if (*seen & bit)
		return refuse(reader, name, ZTP_ERR_DUPLICATE_KEY,
			      "is there twice");
	*seen |= bit;
	if (is_null(reader))
		return 0;
	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return refuse(reader, name, ZTP_ERR_TYPE,
			      "is a section with keys of its own");
	return read_section(reader, name);
}

/* The event is a key: it and its value, to their end. A key with a dot in it
 * is none, or "mqtt.url" at the top would be one. */
static int read_key(struct reader *reader, const char *prefix)
{
	const char *key = scalar_text(reader);
	char name[NAME_MAX_LEN + 1];
	const struct setting *setting = NULL, *first = NULL;
	int *line_of = NULL;
	int rc;

	(void)snprintf(name, sizeof(name), "%s%s%s", prefix,
		       prefix[0] ? "." : "", key);
	if (!strchr(key, '.') && !has_nul(reader)) {
		setting = settings_find(name);
		first = settings_section(name);
	}
	if (!setting && !first)
		return refuse(reader, name, ZTP_ERR_VALUE, "unknown key");
	if (setting) {
		line_of = &reader->config->lines[settings_index(setting)];
		if (*line_of != 0)
			return refuse(reader, name, ZTP_ERR_DUPLICATE_KEY,
				      "is there twice");
		*line_of = event_line(reader);
	}
	rc = next(reader);
	if (rc < 0)
		return rc;
	return setting ? read_setting(reader, setting)
		       : enter_section(reader, name, first);
}

/* The event begins a mapping; at the end it is the mapping's end. */
static int read_section(struct reader *reader, const char *prefix)
{
	int rc = 0;

	while (rc == 0 && (rc = next(reader)) == 0 &&
	       reader->event.type != YAML_MAPPING_END_EVENT) {
		*reader->line = event_line(reader);
		if (reader->event.type != YAML_SCALAR_EVENT)
			return ztp_fail(reader->error, ZTP_ERR_TYPE,
					"a key that is no text");
		rc = read_key(reader, prefix);
	}
	return rc;
}

/* The event is the document's only value. */
static int read_root(struct reader *reader)
{
	*reader->line = event_line(reader);
	if (is_null(reader))
		return 0;
	if (reader->event.type != YAML_MAPPING_START_EVENT)
		return ztp_fail(reader->error, ZTP_ERR_TYPE,
				"the file is no mapping of keys to values");
	return read_section(reader, "");
}

static int read_stream(struct reader *reader)
{
	int rc = next(reader); /* stream start */

	if (rc == 0)
		rc = next(reader); /* document start, or the end */
	if (rc < 0 || reader->event.type == YAML_STREAM_END_EVENT)
		return rc;
	rc = next(reader);
	if (rc == 0)
		rc = read_root(reader);
	if (rc == 0)
		rc = next(reader); /* document end */
	if (rc == 0)
		rc = next(reader);
	if (rc < 0 || reader->event.type == YAML_STREAM_END_EVENT)
		return rc;
	*reader->line = event_line(reader);
	return ztp_fail(reader->error, ZTP_ERR_VALUE,
			"a second document in the file");
}

int config_yaml_read(struct config *config, const char *text, size_t len,
		     int *line, struct ztp_error *error)
{
	struct reader reader = {
		.config = config, .text = text, .line = line, .error = error};
	size_t count;
	int rc;

	(void)settings_table(&count);
	reader.sections = calloc(count, 1);
	if (!reader.sections || !yaml_parser_initialize(&reader.parser)) {
		free(reader.sections);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	yaml_parser_set_input_string(&reader.parser,
				     (const unsigned char *)text, len);
	rc = read_stream(&reader);
	drop_event(&reader);
	yaml_parser_delete(&reader.parser);
	free(reader.sections);
	return rc;
}
