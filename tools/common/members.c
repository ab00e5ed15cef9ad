#include "tools/common/members.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"

int ztp_yaml_fail(struct ztp_yaml *yaml, const yaml_node_t *node,
		  const char *format, ...)
{
	char message[192];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return ztp_fail(yaml->error, ZTP_ERR_VALUE, "%s:%zu: %s", yaml->path,
			node->start_mark.line + 1, message);
}

int ztp_yaml_no_memory(struct ztp_yaml *yaml)
{
	return ztp_fail(yaml->error, ZTP_ERR_NOMEM, "%s: out of memory",
			yaml->path);
}

yaml_node_t *ztp_yaml_node(struct ztp_yaml *yaml, int index)
{
	return yaml_document_get_node(yaml->document, index);
}

const char *ztp_yaml_text(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

int ztp_yaml_string(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	const char *text = ztp_yaml_text(node);
	char **out = field;

	if (!text || !*text)
		return ztp_yaml_fail(yaml, node, "a text is expected");
	*out = strdup(text);
	return *out ? 0 : ztp_yaml_no_memory(yaml);
}

int ztp_yaml_number(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	const char *text = ztp_yaml_text(node);

	if (!text || !ztp_cli_number(field, text, 0, 100000))
		return ztp_yaml_fail(yaml, node, "a number is expected");
	return 0;
}

int ztp_yaml_bool(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	const char *text = ztp_yaml_text(node);
	bool yes = text && strcmp(text, "true") == 0;

	if (!yes && (!text || strcmp(text, "false") != 0))
		return ztp_yaml_fail(yaml, node, "true or false is expected");
	*(bool *)field = yes;
	return 0;
}

int ztp_yaml_each(struct ztp_yaml *yaml, yaml_node_t *node, void *field,
		  int (*add)(struct ztp_yaml *, yaml_node_t *, void *))
{
	yaml_node_item_t *item;
	int rc = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return add(yaml, node, field);
	if (node->data.sequence.items.start == node->data.sequence.items.top)
		return ztp_yaml_fail(yaml, node,
				     "an empty list matches nothing");
	for (item = node->data.sequence.items.start;
	     !rc && item < node->data.sequence.items.top; item++)
		rc = add(yaml, ztp_yaml_node(yaml, *item), field);
	return rc;
}

static int check_unique(struct ztp_yaml *yaml, const yaml_node_t *node)
{
	yaml_node_pair_t *first = node->data.mapping.pairs.start;
	yaml_node_pair_t *top = node->data.mapping.pairs.top;

	for (yaml_node_pair_t *pair = first; pair < top; pair++) {
		yaml_node_t *key = ztp_yaml_node(yaml, pair->key);
		const char *name = ztp_yaml_text(key);

		if (!name)
			return ztp_yaml_fail(yaml, key, "a name is expected");
		for (yaml_node_pair_t *before = first; before < pair; before++)
			if (strcmp(name, ztp_yaml_text(ztp_yaml_node(
						 yaml, before->key))) == 0)
				return ztp_yaml_fail(yaml, key, "%s: twice",
						     name);
	}
	return 0;
}

int ztp_yaml_mapping(struct ztp_yaml *yaml, yaml_node_t *node,
		     const struct ztp_yaml_member *members, void *object)
{
	yaml_node_pair_t *pair;
	int rc;

	if (node->type != YAML_MAPPING_NODE)
		return ztp_yaml_fail(yaml, node, "a mapping is expected");
	rc = check_unique(yaml, node);
	for (pair = node->data.mapping.pairs.start;
	     !rc && pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = ztp_yaml_node(yaml, pair->key);
		const struct ztp_yaml_member *member = members;

		while (member->name &&
		       strcmp(member->name, ztp_yaml_text(key)) != 0)
			member++;
		if (!member->name)
			return ztp_yaml_fail(yaml, key, "%s: unknown",
					     ztp_yaml_text(key));
		rc = member->read(yaml, ztp_yaml_node(yaml, pair->value),
				  (char *)object + member->offset);
	}
	return rc;
}
