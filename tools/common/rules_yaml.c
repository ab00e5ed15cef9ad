/*
 * The reader of rules files: libyaml builds the tree, tables say which member
 * goes where. What is not in a table is an error, as is a member twice; each
 * message names file and line. The depth is that of the tables, so that an
 * alias to one's own ancestor cannot make a loop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "tools/common/cli.h"
#include "tools/common/rules.h"

struct reader {
	yaml_document_t *document;
	const char *path;
	struct ztp_error *error;
};

struct member {
	const char *name;
	int (*read)(struct reader *reader, yaml_node_t *node, void *field);
	size_t offset; /* of the field in what is being read */
};

static int fail_at(struct reader *reader, const yaml_node_t *node,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int fail_at(struct reader *reader, const yaml_node_t *node,
		   const char *format, ...)
{
	char message[192];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return ztp_fail(reader->error, ZTP_ERR_VALUE, "%s:%zu: %s",
			reader->path, node->start_mark.line + 1, message);
}

static int no_memory(struct reader *reader)
{
	return ztp_fail(reader->error, ZTP_ERR_NOMEM, "%s: out of memory",
			reader->path);
}

static yaml_node_t *node_at(struct reader *reader, int index)
{
	return yaml_document_get_node(reader->document, index);
}

/* A scalar's text, or NULL when the node is none or holds a NUL. */
static const char *text_of(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

/* --- scalars */

static int read_string(struct reader *reader, yaml_node_t *node, void *field)
{
	const char *text = text_of(node);
	char **out = field;

	if (!text || !*text)
		return fail_at(reader, node, "a text is expected");
	*out = strdup(text);
	return *out ? 0 : no_memory(reader);
}

static int read_limited(struct reader *reader, yaml_node_t *node, void *field,
			size_t max)
{
	const char *text = text_of(node);

	if (text && strlen(text) > max)
		return fail_at(reader, node, "longer than %zu bytes", max);
	return read_string(reader, node, field);
}

static int read_reason(struct reader *reader, yaml_node_t *node, void *field)
{
	return read_limited(reader, node, field, ZTP_REASON_MAX);
}

static int read_message(struct reader *reader, yaml_node_t *node, void *field)
{
	return read_limited(reader, node, field, ZTP_MESSAGE_MAX);
}

static int read_number(struct reader *reader, yaml_node_t *node, void *field)
{
	const char *text = text_of(node);

	if (!text || !ztp_cli_number(field, text, 0, 100000))
		return fail_at(reader, node, "a number is expected");
	return 0;
}

static int read_bool(struct reader *reader, yaml_node_t *node, void *field)
{
	const char *text = text_of(node);
	bool yes = text && strcmp(text, "true") == 0;

	if (!yes && (!text || strcmp(text, "false") != 0))
		return fail_at(reader, node, "true or false is expected");
	*(bool *)field = yes;
	return 0;
}

static int read_action(struct reader *reader, yaml_node_t *node, void *field)
{
	struct ztp_rule *rule = field;
	const char *text = text_of(node);

	rule->approve = text && strcmp(text, "approve") == 0;
	if (!rule->approve && (!text || strcmp(text, "reject") != 0))
		return fail_at(reader, node, "approve or reject is expected");
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

static int read_payload(struct reader *reader, yaml_node_t *node, void *field)
{
	struct ztp_attachment *payload = field;
	struct ztp_attachment loaded;
	struct ztp_error why;
	const char *name = text_of(node);
	char *path;
	int rc = 0;

	if (!name || !*name)
		return fail_at(reader, node, "a file name is expected");
	path = beside(reader->path, name);
	if (!path)
		return no_memory(reader);
	if (ztp_attachment_load(&loaded, path, &why)) {
		rc = fail_at(reader, node, "%s", why.message);
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

static int read_type(struct reader *reader, yaml_node_t *node, void *field)
{
	struct ztp_attachment *payload = field;
	const char *text = text_of(node);

	if (!text || !*text || strlen(text) > ZTP_CONTENT_TYPE_MAX)
		return fail_at(reader, node, "a content type is expected");
	memcpy(payload->content_type, text, strlen(text) + 1);
	return 0;
}

static int read_allow_file(struct reader *reader, yaml_node_t *node,
			   void *field)
{
	const char *name = text_of(node);
	struct ztp_error why;
	char *path;
	int rc = 0;

	if (!name || !*name)
		return fail_at(reader, node, "a file name is expected");
	path = beside(reader->path, name);
	if (!path)
		return no_memory(reader);
	/* A bad line is that file's, and the message says so already; a file
	 * that cannot be read is this one's. */
	rc = ztp_fingerprints_load(field, path, &why);
	if (rc == ZTP_ERR_VALUE)
		ztp_fail(reader->error, rc, "%s", why.message);
	else if (rc)
		rc = fail_at(reader, node, "%s", why.message);
	free(path);
	return rc;
}

/* --- lists: one text, or a sequence of texts */

static int each_text(struct reader *reader, yaml_node_t *node, void *field,
		     int (*add)(struct reader *, yaml_node_t *, void *))
{
	yaml_node_item_t *item;
	int rc = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return add(reader, node, field);
	if (node->data.sequence.items.start == node->data.sequence.items.top)
		return fail_at(reader, node, "an empty list matches nothing");
	for (item = node->data.sequence.items.start;
	     !rc && item < node->data.sequence.items.top; item++)
		rc = add(reader, node_at(reader, *item), field);
	return rc;
}

static int add_glob(struct reader *reader, yaml_node_t *node, void *field)
{
	struct ztp_globs *globs = field;
	char **larger = realloc(globs->items,
				(globs->count + 1) * sizeof(*globs->items));
	int rc;

	if (!larger)
		return no_memory(reader);
	globs->items = larger;
	rc = read_string(reader, node, &globs->items[globs->count]);
	if (!rc)
		globs->count++;
	return rc;
}

static int read_globs(struct reader *reader, yaml_node_t *node, void *field)
{
	return each_text(reader, node, field, add_glob);
}

static int add_algorithm(struct reader *reader, yaml_node_t *node, void *field)
{
	const char *text = text_of(node);

	if (!text || (strcmp(text, "RSA") != 0 && strcmp(text, "EC") != 0))
		return fail_at(reader, node, "RSA or EC is expected");
	return add_glob(reader, node, field);
}

static int read_algorithms(struct reader *reader, yaml_node_t *node,
			   void *field)
{
	return each_text(reader, node, field, add_algorithm);
}

static int add_fingerprint(struct reader *reader, yaml_node_t *node,
			   void *field)
{
	const char *text = text_of(node);
	struct ztp_error why;

	if (!text)
		return fail_at(reader, node, "a fingerprint is expected");
	if (ztp_fingerprints_add(field, text, strlen(text), &why))
		return fail_at(reader, node, "%s", why.message);
	return 0;
}

static int read_fingerprints(struct reader *reader, yaml_node_t *node,
			     void *field)
{
	return each_text(reader, node, field, add_fingerprint);
}

/* --- mappings */

static int check_unique(struct reader *reader, const yaml_node_t *node)
{
	yaml_node_pair_t *first = node->data.mapping.pairs.start;
	yaml_node_pair_t *top = node->data.mapping.pairs.top;

	for (yaml_node_pair_t *pair = first; pair < top; pair++) {
		yaml_node_t *key = node_at(reader, pair->key);
		const char *name = text_of(key);

		if (!name)
			return fail_at(reader, key, "a name is expected");
		for (yaml_node_pair_t *before = first; before < pair; before++)
			if (strcmp(name,
				   text_of(node_at(reader, before->key))) == 0)
				return fail_at(reader, key, "%s: twice", name);
	}
	return 0;
}

static int read_mapping(struct reader *reader, yaml_node_t *node,
			const struct member *members, void *object)
{
	yaml_node_pair_t *pair;
	int rc;

	if (node->type != YAML_MAPPING_NODE)
		return fail_at(reader, node, "a mapping is expected");
	rc = check_unique(reader, node);
	for (pair = node->data.mapping.pairs.start;
	     !rc && pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = node_at(reader, pair->key);
		const struct member *member = members;

		while (member->name && strcmp(member->name, text_of(key)) != 0)
			member++;
		if (!member->name)
			return fail_at(reader, key, "%s: unknown",
				       text_of(key));
		rc = member->read(reader, node_at(reader, pair->value),
				  (char *)object + member->offset);
	}
	return rc;
}

static int read_match(struct reader *reader, yaml_node_t *node, void *field)
{
#define M(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_match, field)                  \
	}
	static const struct member members[] = {
		M("subscription", read_globs, subscription),
		M("registry", read_globs, registry),
		M("id", read_globs, id),
		M("issuer", read_globs, issuer),
		M("subject", read_globs, subject),
		M("key_algorithm", read_algorithms, key_algorithm),
		M("fingerprints", read_fingerprints, fingerprints),
		M("fingerprints_file", read_allow_file, fingerprints),
		M("min_key_bits", read_number, min_key_bits),
		M("min_days_left", read_number, min_days_left),
		M("not_expired", read_bool, not_expired),
		{NULL, NULL, 0},
	};
#undef M
	struct ztp_match *match = field;
	int rc = read_mapping(reader, node, members, match);

	ztp_fingerprints_sort(&match->fingerprints);
	return rc;
}

#define R(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_rule, field)                   \
	}
#define ACTION_MEMBERS                                                         \
	{"action", read_action, 0}, R("payload_file", read_payload, payload),  \
		R("content_type", read_type, payload),                         \
		R("reason", read_reason, reason),                              \
		R("message", read_message, message)

static int read_default(struct reader *reader, yaml_node_t *node, void *field)
{
	static const struct member members[] = {
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rule *rule = &((struct ztp_rules *)field)->otherwise;
	int rc;

	if (node->type == YAML_SCALAR_NODE)
		return read_action(reader, node, rule);
	rc = read_mapping(reader, node, members, rule);
	if (!rc && !rule->decided)
		rc = fail_at(reader, node, "default without action");
	return rc;
}

static int add_rule(struct reader *reader, yaml_node_t *node, void *field)
{
	static const struct member members[] = {
		R("name", read_string, name),
		R("match", read_match, match),
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rules *rules = field;
	struct ztp_rule *larger, *rule;
	int rc;

	larger = realloc(rules->rules, (rules->count + 1) * sizeof(*larger));
	if (!larger)
		return no_memory(reader);
	rules->rules = larger;
	rule = &larger[rules->count++];
	memset(rule, 0, sizeof(*rule));
	rule->match.min_days_left = -1;
	rc = read_mapping(reader, node, members, rule);
	if (!rc && !rule->decided)
		rc = fail_at(reader, node, "a rule without action");
	if (!rc && !rule->name &&
	    asprintf(&rule->name, "%zu", rules->count) < 0) {
		rule->name = NULL;
		rc = no_memory(reader);
	}
	return rc;
}

static int read_rules(struct reader *reader, yaml_node_t *node, void *field)
{
	if (node->type != YAML_SEQUENCE_NODE)
		return fail_at(reader, node, "a list of rules is expected");
	if (node->data.sequence.items.start == node->data.sequence.items.top)
		return 0;
	return each_text(reader, node, field, add_rule);
}

static int read_top(struct reader *reader, struct ztp_rules *rules)
{
	static const struct member members[] = {
		{"rules", read_rules, 0},
		{"default", read_default, 0},
		{NULL, NULL, 0},
	};
	yaml_node_t *root = yaml_document_get_root_node(reader->document);
	struct ztp_rule *otherwise = &rules->otherwise;
	int rc;

	if (!root)
		return ztp_fail(reader->error, ZTP_ERR_EMPTY, "%s:1: no rules",
				reader->path);
	rc = read_mapping(reader, root, members, rules);
	if (rc)
		return rc;
	otherwise->name = strdup("default");
	if (!otherwise->decided)
		otherwise->reason = strdup("no_rule");
	if (!otherwise->name || (!otherwise->decided && !otherwise->reason))
		return no_memory(reader);
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
	struct reader reader = {&document, path, error};
	yaml_node_t *root;
	int rc;

	if (!yaml_parser_load(parser, &document))
		return fail_parse(parser, path, error);
	rc = read_top(&reader, rules);
	if (!rc && !yaml_parser_load(parser, &second)) {
		rc = fail_parse(parser, path, error);
	} else if (!rc) {
		root = yaml_document_get_root_node(&second);
		if (root)
			rc = fail_at(&reader, root, "a second document");
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
