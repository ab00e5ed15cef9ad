/*
 * The reader of rules files: libyaml builds the tree, tables say which member
 * goes where. What is not in a table is an error, as is a member twice; each
 * message names file and line. The depth is that of the tables, so that an
 * alias to one's own ancestor cannot make a loop.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/cli.h"
#include "tools/common/rules.h"
#include "tools/common/yaml_read.h"
#include "ztp/member.h"

/* --- scalars */

static int read_limited(struct ztp_yaml *yaml, yaml_node_t *node, void *field,
			size_t max)
{
	const char *text = ztp_yaml_text(node);

	if (text && strlen(text) > max)
		return ztp_yaml_fail(yaml, node, "longer than %zu bytes", max);
	return ztp_yaml_string(yaml, node, field);
}

static int read_reason(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	return read_limited(yaml, node, field, ZTP_REASON_MAX);
}

static int read_message(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	return read_limited(yaml, node, field, ZTP_MESSAGE_MAX);
}

static int read_action(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	struct ztp_rule *rule = field;
	const char *text = ztp_yaml_text(node);

	rule->approve = text && strcmp(text, ZTP_VERDICT_APPROVE) == 0;
	if (!rule->approve && (!text || strcmp(text, ZTP_VERDICT_REJECT) != 0))
		return ztp_yaml_fail(yaml, node,
				     "approve or reject is expected");
	rule->decided = true;
	return 0;
}

/* --- files: relative to the rules file */

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

static int read_payload(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	struct ztp_attachment *payload = field;
	struct ztp_attachment loaded;
	struct ztp_error why;
	const char *name = ztp_yaml_text(node);
	char *path;
	int rc = 0;

	if (!name || !*name)
		return ztp_yaml_fail(yaml, node, "a file name is expected");
	path = beside(yaml->path, name);
	if (!path)
		return ztp_yaml_no_memory(yaml);
	if (ztp_attachment_load(&loaded, path, &why)) {
		rc = ztp_yaml_fail(yaml, node, "%s", why.message);
	} else {
		/* content_type may have been read before. */
		payload->data = loaded.data;
		payload->len = loaded.len;
		payload->json = loaded.json;
		payload->text = loaded.text;
	}
	free(path);
	return rc;
}

static int read_type(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	struct ztp_attachment *payload = field;
	const char *text = ztp_yaml_text(node);

	if (!text || !*text || strlen(text) > ZTP_CONTENT_TYPE_MAX)
		return ztp_yaml_fail(yaml, node, "a content type is expected");
	memcpy(payload->content_type, text, strlen(text) + 1);
	return 0;
}

static int read_allow_file(struct ztp_yaml *yaml, yaml_node_t *node,
			   void *field)
{
	const char *name = ztp_yaml_text(node);
	struct ztp_error why;
	char *path;
	int rc = 0;

	if (!name || !*name)
		return ztp_yaml_fail(yaml, node, "a file name is expected");
	path = beside(yaml->path, name);
	if (!path)
		return ztp_yaml_no_memory(yaml);
	/* A bad line is that file's, and the message says so already; a file
	 * that cannot be read is this one's. */
	rc = ztp_fingerprints_load(field, path, &why);
	if (rc == ZTP_ERR_VALUE)
		ztp_fail(yaml->error, rc, "%s", why.message);
	else if (rc)
		rc = ztp_yaml_fail(yaml, node, "%s", why.message);
	free(path);
	return rc;
}

/* --- lists: one text, or a sequence of texts */

static int add_glob(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	struct ztp_globs *globs = field;
	char **larger = realloc(globs->items,
				(globs->count + 1) * sizeof(*globs->items));
	int rc;

	if (!larger)
		return ztp_yaml_no_memory(yaml);
	globs->items = larger;
	rc = ztp_yaml_string(yaml, node, &globs->items[globs->count]);
	if (!rc)
		globs->count++;
	return rc;
}

static int read_globs(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	return ztp_yaml_each(yaml, node, field, add_glob);
}

static int add_algorithm(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	const char *text = ztp_yaml_text(node);

	if (!text || (strcmp(text, ZTP_ALGORITHM_RSA) != 0 &&
		      strcmp(text, ZTP_ALGORITHM_EC) != 0))
		return ztp_yaml_fail(yaml, node, "RSA or EC is expected");
	return add_glob(yaml, node, field);
}

static int read_algorithms(struct ztp_yaml *yaml, yaml_node_t *node,
			   void *field)
{
	return ztp_yaml_each(yaml, node, field, add_algorithm);
}

static int add_fingerprint(struct ztp_yaml *yaml, yaml_node_t *node,
			   void *field)
{
	const char *text = ztp_yaml_text(node);
	struct ztp_error why;

	if (!text)
		return ztp_yaml_fail(yaml, node, "a fingerprint is expected");
	if (ztp_fingerprints_add(field, text, strlen(text), &why))
		return ztp_yaml_fail(yaml, node, "%s", why.message);
	return 0;
}

static int read_fingerprints(struct ztp_yaml *yaml, yaml_node_t *node,
			     void *field)
{
	return ztp_yaml_each(yaml, node, field, add_fingerprint);
}

/* --- mappings */

static int read_match(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
#define M(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_match, field)                  \
	}
	static const struct ztp_yaml_member members[] = {
		M("subscription", read_globs, subscription),
		M("registry", read_globs, registry),
		M("id", read_globs, id),
		M("issuer", read_globs, issuer),
		M("subject", read_globs, subject),
		M("key_algorithm", read_algorithms, key_algorithm),
		M("fingerprints", read_fingerprints, fingerprints),
		M("fingerprints_file", read_allow_file, fingerprints),
		M("min_key_bits", ztp_yaml_number, min_key_bits),
		M("min_days_left", ztp_yaml_number, min_days_left),
		M("not_expired", ztp_yaml_bool, not_expired),
		{NULL, NULL, 0},
	};
#undef M
	struct ztp_match *match = field;
	int rc = ztp_yaml_mapping(yaml, node, members, match);

	ztp_fingerprints_sort(&match->fingerprints);
	return rc;
}

#define R(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_rule, field)                   \
	}
#define ACTION_MEMBERS                                                         \
	{"action", read_action, 0}, R("payload_file", read_payload, payload),  \
		R(ZTP_M_CONTENT_TYPE, read_type, payload),                     \
		R(ZTP_M_REASON, read_reason, reason),                          \
		R(ZTP_M_MESSAGE, read_message, message)

static int read_default(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	static const struct ztp_yaml_member members[] = {
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rule *rule = &((struct ztp_rules *)field)->otherwise;
	int rc;

	if (node->type == YAML_SCALAR_NODE)
		return read_action(yaml, node, rule);
	rc = ztp_yaml_mapping(yaml, node, members, rule);
	if (!rc && !rule->decided)
		rc = ztp_yaml_fail(yaml, node, "default without action");
	return rc;
}

static int add_rule(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	static const struct ztp_yaml_member members[] = {
		R("name", ztp_yaml_string, name),
		R("match", read_match, match),
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rules *rules = field;
	struct ztp_rule *larger, *rule;
	int rc;

	larger = realloc(rules->rules, (rules->count + 1) * sizeof(*larger));
	if (!larger)
		return ztp_yaml_no_memory(yaml);
	rules->rules = larger;
	rule = &larger[rules->count++];
	memset(rule, 0, sizeof(*rule));
	rule->match.min_days_left = -1;
	rc = ztp_yaml_mapping(yaml, node, members, rule);
	if (!rc && !rule->decided)
		rc = ztp_yaml_fail(yaml, node, "a rule without action");
	if (!rc && !rule->name &&
	    asprintf(&rule->name, "%zu", rules->count) < 0) {
		rule->name = NULL;
		rc = ztp_yaml_no_memory(yaml);
	}
	return rc;
}

static int read_rules(struct ztp_yaml *yaml, yaml_node_t *node, void *field)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return ztp_yaml_fail(yaml, node, "a list of rules is expected");
	if (node->data.sequence.items.start == node->data.sequence.items.top)
		return 0;
	return ztp_yaml_each(yaml, node, field, add_rule);
}

static int read_top(struct ztp_yaml *yaml, struct ztp_rules *rules)
{
	static const struct ztp_yaml_member members[] = {
		{"rules", read_rules, 0},
		{"default", read_default, 0},
		{NULL, NULL, 0},
	};
	yaml_node_t *root = yaml_document_get_root_node(yaml->document);
	struct ztp_rule *otherwise = &rules->otherwise;
	int rc;

	if (!root)
		return ztp_fail(yaml->error, ZTP_ERR_EMPTY, "%s:1: no rules",
				yaml->path);
	rc = ztp_yaml_mapping(yaml, root, members, rules);
	if (rc)
		return rc;
	otherwise->name = strdup("default");
	if (!otherwise->decided)
		otherwise->reason = strdup("no_rule");
	if (!otherwise->name || (!otherwise->decided && !otherwise->reason))
		return ztp_yaml_no_memory(yaml);
	return 0;
}

/* --- the file */

static int fail_parse(const yaml_parser_t *parser, const char *path,
		      struct ztp_error *error)
{
	size_t line = parser->problem_mark.line;

	return ztp_fail(error, ZTP_ERR_VALUE, "%s:%zu: %s", path, line + 1,
			parser->problem ? parser->problem : "no YAML");
}

static int read_one(struct ztp_rules *rules, yaml_parser_t *parser,
		    const char *path, struct ztp_error *error)
{
	yaml_document_t document, second;
	struct ztp_yaml yaml = {&document, path, error};
	yaml_node_t *root;
	int rc;

	if (!yaml_parser_load(parser, &document))
		return fail_parse(parser, path, error);
	rc = read_top(&yaml, rules);
	if (!rc && !yaml_parser_load(parser, &second)) {
		rc = fail_parse(parser, path, error);
	} else if (!rc) {
		root = yaml_document_get_root_node(&second);
		if (root)
			rc = ztp_yaml_fail(&yaml, root, "a second document");
		yaml_document_delete(&second);
	}
	yaml_document_delete(&document);
	return rc;
}

int ztp_rules_read(struct ztp_rules *rules, const char *text, size_t len,
		   const char *path, struct ztp_error *error)
{
	yaml_parser_t parser;
	int rc;

	memset(rules, 0, sizeof(*rules));
	if (!yaml_parser_initialize(&parser))
		return ztp_fail(error, ZTP_ERR_NOMEM, "%s: out of memory",
				path);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	rc = read_one(rules, &parser, path, error);
	yaml_parser_delete(&parser);
	if (rc)
		ztp_rules_clear(rules);
	return rc;
}

int ztp_rules_load(struct ztp_rules *rules, const char *path,
		   struct ztp_error *error)
{
	char *text = NULL;
	size_t len = 0;
	int rc =
		ztp_cli_read_file(&text, &len, path, ZTP_RULES_FILE_MAX, error);

	if (!rc)
		rc = ztp_rules_read(rules, text, len, path, error);
	free(text);
	return rc;
}
