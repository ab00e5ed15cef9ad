/* The reader of configuration files: what it reads is within its bounds, and
 * what it refuses is refused at a line of the text. */
#include "fuzz.h"

#include "base/yaml.h"

static int last_line; /* of the text */

/* libyaml breaks lines at CR, NEL, LS and PS as well, and puts the end of a
 * text into a line of its own. */
static void count_lines(const char *text, size_t size)
{
	last_line = 2;
	for (size_t i = 0; i < size; i++)
		last_line += text[i] == '\n' || text[i] == '\r' ||
			     text[i] == '\x85' || text[i] == '\xa8' ||
			     text[i] == '\xa9';
}

static void look_at(const struct ztp_yaml_node *node, int depth)
{
	const struct ztp_yaml_node *child, *other;
	int line = node->line;
	size_t count = 0;

	MUST(node->line >= node->key_line && node->line <= last_line);
	MUST((node->kind == ZTP_YAML_SCALAR) == (node->text != NULL));
	MUST(!node->is_null || (node->text && strlen(node->text) <= 4));
	MUST(!node->text || !node->first);
	MUST(node->text || depth < ZTP_YAML_DEPTH_MAX);
	for (child = node->first; child; child = child->next, count++) {
		MUST((node->kind == ZTP_YAML_MAP) == (child->key != NULL));
		MUST(child->key_line >= line);
		for (other = node->first; other != child; other = other->next)
			MUST(!child->key ||
			     strcmp(child->key, other->key) != 0);
		look_at(child, depth + 1);
		line = child->line;
	}
	MUST(node->kind != ZTP_YAML_MAP || count <= ZTP_YAML_KEYS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct ztp_yaml_node *root = NULL;
	struct ztp_error error;
	int line = 0, rc;

	count_lines(text, size);
	rc = ztp_yaml_read(&root, text, size, &line, &error);
	MUST(line >= 1 && line <= last_line);
	MUST((root != NULL) == (rc == 0));
	if (rc == 0)
		look_at(root, 0);
	else
		MUST(error.code == (enum ztp_err)rc && *error.message);
	ztp_yaml_free(root);
	return 0;
}
