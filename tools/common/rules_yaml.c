/*
 * Reads rules files: base/yaml.h builds the tree, and tables say which member
 * goes where. Each message names file and line.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tools/common/members.h"
#include "tools/common/rules.h"
#include "ztp/member.h"

/* --- scalars */

static int read_limited(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node, void *field,
			size_t max)
{
	const char *text = node->text;

	if (text && strlen(text) > max)
		return ztp_members_fail(file, node->line,
					"longer than %zu bytes", max);
	return ztp_member_string(file, node, field);
}

static int read_reason(const struct ztp_members_file *file,
		       const struct ztp_yaml_node *node, void *field)
{
	return read_limited(file, node, field, ZTP_REASON_MAX);
}

static int read_message(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node, void *field)
{
	return read_limited(file, node, field, ZTP_MESSAGE_MAX);
}

static int read_action(const struct ztp_members_file *file,
		       const struct ztp_yaml_node *node, void *field)
{
	struct ztp_rule *rule = field;
	const char *text = node->text;

	rule->approve = text && strcmp(text, ZTP_VERDICT_APPROVE) == 0;
	if (!rule->approve && (!text || strcmp(text, ZTP_VERDICT_REJECT) != 0))
		return ztp_members_fail(file, node->line,
					"approve or reject is expected");
	rule->decided = true;
	return 0;
}

/* --- files, relative to the rules file */

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

/* The caller frees *path. */
static int find_file(const struct ztp_members_file *file,
		     const struct ztp_yaml_node *node, char **path)
{
	*path = NULL;
	if (!node->text || !*node->text)
		return ztp_members_fail(file, node->line,
					"a file name is expected");
	*path = beside(file->path, node->text);
	return *path ? 0 : ztp_members_no_memory(file);
}

static int read_payload(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node, void *field)
{
	struct ztp_attachment *payload = field;
	struct ztp_attachment loaded;
	struct ztp_error why;
	char *path;
	int rc = find_file(file, node, &path);

	if (rc)
		return rc;
	if (ztp_attachment_load(&loaded, path, &why)) {
		rc = ztp_members_fail(file, node->line, "%s", why.message);
	} else {
		/* content_type may have been set before. */
		payload->data = loaded.data;
		payload->len = loaded.len;
		payload->json = loaded.json;
		payload->text = loaded.text;
	}
	free(path);
	return rc;
}

static int read_type(const struct ztp_members_file *file,
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

/* If a line of that file is wrong, the message names that file already. If the
 * file cannot be read, this file is to blame. */
static int read_allow_file(const struct ztp_members_file *file,
			   const struct ztp_yaml_node *node, void *field)
{
	struct ztp_error why;
	char *path;
	int rc = find_file(file, node, &path);

	if (rc)
		return rc;
	rc = ztp_fingerprints_load(field, path, &why);
	if (rc == ZTP_ERR_VALUE)
		ztp_fail(file->error, rc, "%s", why.message);
	else if (rc)
		rc = ztp_members_fail(file, node->line, "%s", why.message);
	free(path);
	return rc;
}

/* --- lists: one text or a list of texts */

static int add_glob(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	struct ztp_globs *globs = field;
	char **larger = realloc(globs->items,
				(globs->count + 1) * sizeof(*globs->items));
	int rc;

	if (!larger)
		return ztp_members_no_memory(file);
	globs->items = larger;
	rc = ztp_member_string(file, node, &globs->items[globs->count]);
	if (!rc)
		globs->count++;
	return rc;
}

static int read_globs(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_glob);
}

static int add_algorithm(const struct ztp_members_file *file,
			 const struct ztp_yaml_node *node, void *field)
{
	const char *text = node->text;

	if (!text || (strcmp(text, ZTP_ALGORITHM_RSA) != 0 &&
		      strcmp(text, ZTP_ALGORITHM_EC) != 0))
		return ztp_members_fail(file, node->line,
					"RSA or EC is expected");
	return add_glob(file, node, field);
}

static int read_algorithms(const struct ztp_members_file *file,
			   const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_algorithm);
}

static int add_fingerprint(const struct ztp_members_file *file,
			   const struct ztp_yaml_node *node, void *field)
{
	const char *text = node->text;
	struct ztp_error why;

	if (!text)
		return ztp_members_fail(file, node->line,
					"a fingerprint is expected");
	if (ztp_fingerprints_add(field, text, &why))
		return ztp_members_fail(file, node->line, "%s", why.message);
	return 0;
}

static int read_fingerprints(const struct ztp_members_file *file,
			     const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_fingerprint);
}

/* --- mappings */

#define MATCH_ANY "any"

static int read_match(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node, void *field)
{
#define M(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_match, field)                  \
	}
	static const struct ztp_member members[] = {
		M("subscription", read_globs, subscription),
		M("registry", read_globs, registry),
		M("id", read_globs, id),
		M("issuer", read_globs, issuer),
		M("subject", read_globs, subject),
		M("key_algorithm", read_algorithms, key_algorithm),
		M("fingerprints", read_fingerprints, fingerprints),
		M("fingerprints_file", read_allow_file, fingerprints),
		M("min_key_bits", ztp_member_number, min_key_bits),
		M("min_days_left", ztp_member_number, min_days_left),
		M("not_expired", ztp_member_bool, not_expired),
		{NULL, NULL, 0},
	};
#undef M
	struct ztp_match *match = field;
	int rc;

	if (node->text && strcmp(node->text, MATCH_ANY) == 0) {
		match->any = true;
		return 0;
	}
	rc = ztp_members_read(file, node, members, match);
	ztp_fingerprints_sort(&match->fingerprints);
	return rc;
}

static bool restricts(const struct ztp_match *match)
{
	return match->subscription.count || match->registry.count ||
	       match->id.count || match->issuer.count || match->subject.count ||
	       match->key_algorithm.count || match->fingerprints.set ||
	       match->min_key_bits > 0 || match->min_days_left >= 0 ||
	       match->not_expired;
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

static int read_default(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node, void *field)
{
	static const struct ztp_member members[] = {
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rule *rule = &((struct ztp_rules *)field)->otherwise;
	int rc;

	if (node->kind == ZTP_YAML_SCALAR)
		return read_action(file, node, rule);
	rc = ztp_members_read(file, node, members, rule);
	if (!rc && !rule->decided)
		rc = ztp_members_fail(file, node->line,
				      "default has no action");
	return rc;
}

/* Who approves everybody has to write it: a line that was forgotten, or a
 * template with nothing in it, must not do that. */
static int check_rule(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node,
		      const struct ztp_rules *rules)
{
	const struct ztp_rule *rule = &rules->rules[rules->count - 1];

	if (!rule->decided)
		return ztp_members_fail(file, node->line,
					"the rule has no action");
	if (!rule->match.any && !restricts(&rule->match))
		return ztp_members_fail(file, node->line,
					"the rule matches every request: write "
					"match: any if that is meant");
	if (rules->count > 1 && rules->rules[rules->count - 2].match.any)
		return ztp_members_fail(file, node->line,
					"the rule is never reached: the one "
					"before it matches every request");
	return 0;
}

static int add_rule(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	static const struct ztp_member members[] = {
		R("name", ztp_member_string, name),
		R("match", read_match, match),
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rules *rules = field;
	struct ztp_rule *larger, *rule;
	int rc;

	larger = realloc(rules->rules, (rules->count + 1) * sizeof(*larger));
	if (!larger)
		return ztp_members_no_memory(file);
	rules->rules = larger;
	rule = &larger[rules->count++];
	memset(rule, 0, sizeof(*rule));
	rule->match.min_days_left = -1;
	rc = ztp_members_read(file, node, members, rule);
	if (!rc)
		rc = check_rule(file, node, rules);
	if (!rc && !rule->name &&
	    asprintf(&rule->name, "%zu", rules->count) < 0) {
		rule->name = NULL;
		rc = ztp_members_no_memory(file);
	}
	return rc;
}

static int read_rules(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node, void *field)
{
	if (node->kind != ZTP_YAML_LIST)
		return ztp_members_fail(file, node->line,
					"a list of rules is expected");
	if (!node->first)
		return 0;
	return ztp_members_each(file, node, field, add_rule);
}

static int read_top(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *root, struct ztp_rules *rules)
{
	static const struct ztp_member members[] = {
		{"rules", read_rules, 0},
		{"default", read_default, 0},
		{NULL, NULL, 0},
	};
	struct ztp_rule *otherwise = &rules->otherwise;
	int rc;

	if (root->is_null)
		return ztp_fail(file->error, ZTP_ERR_EMPTY, "%s:%d: no rules",
				file->path, root->line);
	rc = ztp_members_read(file, root, members, rules);
	if (rc)
		return rc;
	otherwise->name = strdup("default");
	if (!otherwise->decided)
		otherwise->reason = strdup("no_rule");
	if (!otherwise->name || (!otherwise->decided && !otherwise->reason))
		return ztp_members_no_memory(file);
	return 0;
}

/* --- the whole file */

int ztp_rules_read(struct ztp_rules *rules, const char *text, size_t len,
		   const char *path, struct ztp_error *error)
{
	struct ztp_members_file file = {path, error};
	struct ztp_yaml_node *root;
	struct ztp_error why;
	int line, rc;

	memset(rules, 0, sizeof(*rules));
	rc = ztp_yaml_read(&root, text, len, &line, &why);
	if (rc)
		return ztp_fail(error, rc, "%s:%d: %.160s", path, line,
				why.message);
	rc = read_top(&file, root, rules);
	ztp_yaml_free(root);
	if (rc)
		ztp_rules_clear(rules);
	return rc;
}

int ztp_rules_load(struct ztp_rules *rules, const char *path,
		   struct ztp_error *error)
{
	char *text = NULL;
	size_t len = 0;
	int rc = ztp_file_read(&text, &len, path, ZTP_RULES_FILE_MAX, error);

	if (!rc)
		rc = ztp_rules_read(rules, text, len, path, error);
	free(text);
	return rc;
}
