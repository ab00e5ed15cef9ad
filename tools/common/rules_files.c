#include "tools/common/rules_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/template.h"

static char *beside(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	char *out;

	if (*name == '/' || !slash)
		return strdup(name);
	if (asprintf(&out, "%.*s%s", (int)(slash - path + 1), path, name) < 0)
		return NULL;
	return out;
}

/* *path is owned by the list of files. */
static int find_file(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node, const char **path)
{
	struct ztp_globs *files = file->context;
	char **larger;

	if (!node->text || !*node->text)
		return ztp_members_fail(file, node->line,
					"a file name is expected");
	larger = realloc(files->items,
			 (files->count + 1) * sizeof(*files->items));
	if (!larger)
		return ztp_members_no_memory(file);
	files->items = larger;
	larger[files->count] = beside(file->path, node->text);
	if (!larger[files->count])
		return ztp_members_no_memory(file);
	*path = larger[files->count++];
	return 0;
}

/* If a line of that file is wrong, the message names that file already. If the
 * file cannot be read, this file is to blame. */
static int pass_on(const struct ztp_members_file *file,
		   const struct ztp_yaml_node *node, int rc,
		   const struct ztp_error *why)
{
	if (rc == ZTP_ERR_VALUE)
		ztp_fail(file->error, rc, "%s", why->message);
	else if (rc)
		rc = ztp_members_fail(file, node->line, "%s", why->message);
	return rc;
}

static int load(const struct ztp_members_file *file,
		const struct ztp_yaml_node *node,
		struct ztp_attachment *payload, bool is_template)
{
	struct ztp_attachment loaded;
	struct ztp_error why;
	const char *path = NULL;
	int rc;

	if (payload->data)
		return ztp_members_fail(file, node->key_line,
					"only one of payload_file and "
					"payload_template");
	rc = find_file(file, node, &path);
	if (rc)
		return rc;
	rc = ztp_attachment_load(&loaded, path, &why);
	if (!rc && is_template)
		rc = ztp_template_make(&loaded, path, &why);
	if (rc) {
		ztp_attachment_clear(&loaded);
		return pass_on(file, node, rc, &why);
	}
	/* content_type may have been set before. */
	memcpy(loaded.content_type, payload->content_type,
	       sizeof(loaded.content_type));
	*payload = loaded;
	return 0;
}

int rules_read_payload(const struct ztp_members_file *file,
		       const struct ztp_yaml_node *node, void *field)
{
	return load(file, node, field, false);
}

int rules_read_template(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node, void *field)
{
	return load(file, node, field, true);
}

int rules_read_type(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	struct ztp_attachment *payload = field;
	const char *text = node->text;

	if (!text || !*text || strlen(text) > ZTP_CONTENT_TYPE_MAX)
		return ztp_members_fail(file, node->line,
					"a content type is expected");
	memcpy(payload->content_type, text, strlen(text) + 1);
	return 0;
}

int rules_read_list(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	struct ztp_error why;
	const char *path = NULL;
	int rc = find_file(file, node, &path);

	if (rc)
		return rc;
	return pass_on(file, node, ztp_fingerprints_load(field, path, &why),
		       &why);
}
