#include "tools/common/members.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ztp/codec.h"

int ztp_members_fail(const struct ztp_members_file *file, int line,
		     const char *format, ...)
{
	char message[192];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return ztp_fail(file->error, ZTP_ERR_VALUE, "%s:%d: %s", file->path,
			line, message);
}

int ztp_members_no_memory(const struct ztp_members_file *file)
{
	return ztp_fail(file->error, ZTP_ERR_NOMEM, "%s: out of memory",
			file->path);
}

int ztp_member_string(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node, void *field)
{
	char **out = field;

	if (!node->text || !*node->text)
		return ztp_members_fail(file, node->line, "text is expected");
	*out = strdup(node->text);
	return *out ? 0 : ztp_members_no_memory(file);
}

int ztp_member_number(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node, void *field)
{
	if (!node->text || !ztp_number_parse(field, node->text, 0, 100000))
		return ztp_members_fail(file, node->line,
					"a number is expected");
	return 0;
}

int ztp_member_bool(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	bool yes = node->text && strcmp(node->text, "true") == 0;

	if (!yes && (!node->text || strcmp(node->text, "false") != 0))
		return ztp_members_fail(file, node->line,
					"true or false is expected");
	*(bool *)field = yes;
	return 0;
}

/* null is YAML's word for nothing. Taken for text, as the id of a device for
 * example, it would match nothing without a word. */
static int refuse_null(const struct ztp_members_file *file,
		       const struct ztp_yaml_node *node)
{
	if (!node->is_null || !node->text || !*node->text)
		return 0;
	return ztp_members_fail(file, node->line,
				"%s is no value: write it in quotes if the "
				"text is meant",
				node->text);
}

int ztp_members_each(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node, void *field,
		     ztp_member_reader *add)
{
	const struct ztp_yaml_node *item = node->first;
	int rc = 0;

	if (node->kind != ZTP_YAML_LIST)
		return add(file, node, field);
	if (!item)
		return ztp_members_fail(file, node->line,
					"an empty list matches nothing");
	for (; !rc && item; item = item->next) {
		rc = refuse_null(file, item);
		if (!rc)
			rc = add(file, item, field);
	}
	return rc;
}

int ztp_members_read(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node,
		     const struct ztp_member *table, void *object)
{
	const struct ztp_yaml_node *child = node->first;
	int rc = 0;

	if (node->kind != ZTP_YAML_MAP)
		return ztp_members_fail(file, node->line,
					"a mapping is expected");
	for (; !rc && child; child = child->next) {
		const struct ztp_member *member = table;

		while (member->name && strcmp(member->name, child->key) != 0)
			member++;
		if (!member->name)
			return ztp_members_fail(file, child->key_line,
						"%s: unknown key", child->key);
		rc = refuse_null(file, child);
		if (!rc)
			rc = member->read(file, child,
					  (char *)object + member->offset);
	}
	return rc;
}
