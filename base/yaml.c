/*
 * The tree is built from libyaml's events. Its own documents would accept what
 * is refused here, and do not keep the line of a key.
 *
 * The path holds the node being read and the nodes around it. It gives the name
 * of the key for a message, and bounds the recursion.
 */
#include "base/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NAME_MAX_LEN 200

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	const char *text;
	size_t len;
	const struct ztp_yaml_node *path[ZTP_YAML_DEPTH_MAX + 1];
	size_t depth;
	int *line;
	struct ztp_error *error;
};

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

/* --- events */

static bool is_scalar(const struct reader *reader)
{
	return reader->event.type == YAML_SCALAR_EVENT;
}

static bool is_plain(const struct reader *reader)
{
	return is_scalar(reader) &&
	       reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static const char *scalar_text(const struct reader *reader)
{
	return (const char *)reader->event.data.scalar.value;
}

static int event_line(const struct reader *reader)
{
	return (int)reader->event.start_mark.line + 1;
}

static void drop_event(struct reader *reader)
{
	if (!reader->has_event)
		return;
	if (is_scalar(reader))
		explicit_bzero(reader->event.data.scalar.value,
			       reader->event.data.scalar.length);
	yaml_event_delete(&reader->event);
	reader->has_event = false;
}

/* Writes "kafka.properties.linger.ms", or "" at the top; cuts a long name. */
static void write_path(const struct reader *reader, char out[NAME_MAX_LEN + 1])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < reader->depth && len < NAME_MAX_LEN; i++)
		if (reader->path[i]->key)
			len += (size_t)snprintf(
				out + len, NAME_MAX_LEN + 1 - len, "%s%s",
				len ? "." : "", reader->path[i]->key);
}

static int refuse(struct reader *reader, enum ztp_err code, const char *why)
{
	char path[NAME_MAX_LEN + 1];

	*reader->line = event_line(reader);
	write_path(reader, path);
	return ztp_fail(reader->error, code, "%s%s%s", path, *path ? ": " : "",
			why);
}

static int no_memory(struct reader *reader)
{
	return ztp_fail(reader->error, ZTP_ERR_NOMEM, "out of memory");
}

/* libyaml knows the line of every error except bytes that it cannot decode; it
 * may meet these before it has parsed what stands in front of them. */
static int parser_failed(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;

	if (parser->error == YAML_MEMORY_ERROR)
		return no_memory(reader);
	*reader->line = (int)parser->problem_mark.line + 1;
	if (parser->error == YAML_READER_ERROR) {
		*reader->line = 1;
		for (size_t i = 0;
		     i < parser->problem_offset && i < reader->len; i++)
			*reader->line += reader->text[i] == '\n';
	}
	return ztp_fail(reader->error, ZTP_ERR_VALUE, "YAML: %s",
			parser->problem ? parser->problem : "not valid");
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
	if (is_marked(&reader->event))
		return refuse(reader, ZTP_ERR_VALUE,
			      "anchors, aliases and tags are not supported");
	return 0;
}

static int copy_text(struct reader *reader, char **out)
{
	if (strlen(scalar_text(reader)) != reader->event.data.scalar.length)
		return refuse(reader, ZTP_ERR_NUL, "contains a NUL character");
	*out = strdup(scalar_text(reader));
	return *out ? 0 : no_memory(reader);
}

static bool is_null(const struct reader *reader)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};

	for (size_t i = 0; i < sizeof(nulls) / sizeof(*nulls); i++)
		if (strcmp(scalar_text(reader), nulls[i]) == 0)
			return is_plain(reader);
	return false;
}

/* --- nodes: each function is called at the first event of its node and returns
 * at the last */

static int read_node(struct reader *reader, struct ztp_yaml_node *node);

/* Adds a new node in *link and makes it the last one of the path. */
static int enter(struct reader *reader, struct ztp_yaml_node **link)
{
	struct ztp_yaml_node *node = calloc(1, sizeof(*node));

	if (!node)
		return no_memory(reader);
	node->key_line = event_line(reader);
	*link = node;
	reader->path[reader->depth++] = node;
	return 0;
}

static int read_key(struct reader *reader, const struct ztp_yaml_node *map,
		    struct ztp_yaml_node *node)
{
	size_t count = 0;
	char *key = NULL;
	int rc;

	if (!is_scalar(reader))
		return refuse(reader, ZTP_ERR_TYPE, "a key must be text");
	rc = copy_text(reader, &key);
	if (rc < 0)
		return rc;
	node->key = key;
	if (is_plain(reader) && strcmp(key, "<<") == 0)
		return refuse(reader, ZTP_ERR_VALUE,
			      "merge keys are not supported");
	for (const struct ztp_yaml_node *other = map->first; other != node;
	     other = other->next, count++)
		if (strcmp(other->key, key) == 0)
			return refuse(reader, ZTP_ERR_DUPLICATE_KEY,
				      "given more than once");
	if (count == ZTP_YAML_KEYS_MAX)
		return refuse(reader, ZTP_ERR_TOO_MANY,
			      "too many keys in this mapping");
	return 0;
}

static int read_children(struct reader *reader, struct ztp_yaml_node *node,
			 yaml_event_type_t end)
{
	struct ztp_yaml_node **link = &node->first;
	int rc;

	if (reader->depth > ZTP_YAML_DEPTH_MAX)
		return refuse(reader, ZTP_ERR_TOO_DEEP, "nested too deep");
	while ((rc = next(reader)) == 0 && reader->event.type != end) {
		rc = enter(reader, link);
		if (rc == 0 && node->kind == ZTP_YAML_MAP) {
			rc = read_key(reader, node, *link);
			if (rc == 0)
				rc = next(reader);
		}
		if (rc == 0)
			rc = read_node(reader, *link);
		if (rc < 0)
			break;
		reader->depth--;
		link = &(*link)->next;
	}
	return rc;
}

static int read_node(struct reader *reader, struct ztp_yaml_node *node)
{
	node->line = event_line(reader);
	switch (reader->event.type) {
	case YAML_MAPPING_START_EVENT:
		node->kind = ZTP_YAML_MAP;
		return read_children(reader, node, YAML_MAPPING_END_EVENT);
	case YAML_SEQUENCE_START_EVENT:
		node->kind = ZTP_YAML_LIST;
		return read_children(reader, node, YAML_SEQUENCE_END_EVENT);
	default:
		node->kind = ZTP_YAML_SCALAR;
		node->is_null = is_null(reader);
		return copy_text(reader, &node->text);
	}
}

/* --- the document */

static int read_nothing(struct reader *reader, struct ztp_yaml_node *root)
{
	root->line = root->key_line = 1;
	root->is_null = true;
	root->text = strdup("");
	return root->text ? 0 : no_memory(reader);
}

static int read_stream(struct reader *reader, struct ztp_yaml_node *root)
{
	int rc = next(reader); /* the stream's start */

	reader->path[reader->depth++] = root;
	if (rc == 0)
		rc = next(reader); /* the document's start, or the end */
	if (rc < 0)
		return rc;
	if (reader->event.type == YAML_STREAM_END_EVENT)
		return read_nothing(reader, root);
	rc = next(reader);
	if (rc == 0)
		rc = read_node(reader, root);
	root->key_line = root->line;
	if (rc == 0)
		rc = next(reader); /* the document's end */
	if (rc == 0)
		rc = next(reader);
	if (rc == 0 && reader->event.type != YAML_STREAM_END_EVENT)
		rc = refuse(reader, ZTP_ERR_VALUE,
			    "a second document in the file");
	return rc;
}

int ztp_yaml_read(struct ztp_yaml_node **root, const char *text, size_t len,
		  int *line, struct ztp_error *error)
{
	struct reader reader = {
		.text = text, .len = len, .line = line, .error = error};
	int rc;

	*root = NULL;
	*line = 1;
	if (len > ZTP_YAML_SIZE_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"the file is larger than %d bytes",
				ZTP_YAML_SIZE_MAX);
	*root = calloc(1, sizeof(**root));
	if (!*root || !yaml_parser_initialize(&reader.parser)) {
		rc = no_memory(&reader);
		goto out;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser,
				     (const unsigned char *)text, len);
	rc = read_stream(&reader, *root);
	drop_event(&reader);
	yaml_parser_delete(&reader.parser);
out:
	if (rc < 0) {
		ztp_yaml_free(*root);
		*root = NULL;
	}
	return rc;
}

void ztp_yaml_free(struct ztp_yaml_node *root)
{
	while (root) {
		struct ztp_yaml_node *next = root->next;

		ztp_yaml_free(root->first);
		wipe(root->key);
		wipe(root->text);
		free(root);
		root = next;
	}
}
