/*
 * Reads rules files: base/yaml.h builds the tree, and tables say which member
 * goes where. Each message names file and line.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "tools/common/rules_files.h"
#include "tools/common/rules_match.h"
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
	rule->leave = text && strcmp(text, ZTP_ANSWER_LEAVE) == 0;
	if (!rule->approve && !rule->leave &&
	    (!text || strcmp(text, ZTP_VERDICT_REJECT) != 0))
		return ztp_members_fail(file, node->line,
					"approve, reject or leave is expected");
	rule->decided = true;
	return 0;
}

/* --- rules */

#define R(name, read, field)                                                   \
	{                                                                      \
		name, read, offsetof(struct ztp_rule, field)                   \
	}
#define PAYLOAD_MEMBERS                                                        \
	R("payload_file", rules_read_payload, payload),                        \
		R("payload_template", rules_read_template, payload),           \
		R(ZTP_M_CONTENT_TYPE, rules_read_type, payload)
#define ACTION_MEMBERS                                                         \
	{"action", read_action, 0}, PAYLOAD_MEMBERS,                           \
		R(ZTP_M_REASON, read_reason, reason),                          \
		R(ZTP_M_MESSAGE, read_message, message)

static int check_action(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node,
			const struct ztp_rule *rule)
{
	if (!rule->decided)
		return ztp_members_fail(file, node->line, "there is no action");
	if (rule->leave &&
	    (rule->payload.data || rule->reason || rule->message))
		return ztp_members_fail(file, node->line,
					"leave sends no payload, reason or "
					"message");
	return 0;
}

static int read_default(const struct ztp_members_file *file,
			const struct ztp_yaml_node *node, void *field)
{
	static const struct ztp_member members[] = {
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rule *rule = &((struct ztp_rules *)field)->otherwise;
	int rc;

	rule->line = node->line;
	if (node->kind == ZTP_YAML_SCALAR)
		return read_action(file, node, rule);
	rc = ztp_members_read(file, node, members, rule);
	return rc ? rc : check_action(file, node, rule);
}

/* Who approves everybody has to write it: a line that was forgotten, or a
 * template with nothing in it, must not do that. */
static int check_rule(const struct ztp_members_file *file,
		      const struct ztp_yaml_node *node,
		      const struct ztp_rules *rules)
{
	const struct ztp_rule *rule = &rules->rules[rules->count - 1];

	if (!rule->match.any && !rules_match_restricts(&rule->match))
		return ztp_members_fail(file, node->line,
					"the rule matches every request: write "
					"match: any if that is meant");
	if (rules->count > 1 && rules->rules[rules->count - 2].match.any)
		return ztp_members_fail(file, node->line,
					"the rule is never reached: the one "
					"before it matches every request");
	return check_action(file, node, rule);
}

static int grow(struct ztp_rule **rules, size_t *count,
		const struct ztp_members_file *file,
		const struct ztp_yaml_node *node)
{
	struct ztp_rule *larger =
		realloc(*rules, (*count + 1) * sizeof(*larger));

	if (!larger)
		return ztp_members_no_memory(file);
	*rules = larger;
	larger[*count] = (struct ztp_rule){
		.line = node->line,
		.match = {.min_days_left = -1},
	};
	++*count;
	return 0;
}

static int add_rule(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *node, void *field)
{
	static const struct ztp_member members[] = {
		R("name", ztp_member_string, name),
		R("match", rules_read_match, match),
		ACTION_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rules *rules = field;
	struct ztp_rule *rule;
	int rc = grow(&rules->rules, &rules->count, file, node);

	if (rc)
		return rc;
	rule = &rules->rules[rules->count - 1];
	rc = ztp_members_read(file, node, members, rule);
	if (!rc)
		rc = check_rule(file, node, rules);
	rule->matches_all = rules_match_all(&rule->match);
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

/* What an approval sends whose rule has no payload. */
static int add_payload(const struct ztp_members_file *file,
		       const struct ztp_yaml_node *node, void *field)
{
	static const struct ztp_member members[] = {
		R("match", rules_read_match, match),
		PAYLOAD_MEMBERS,
		{NULL, NULL, 0},
	};
	struct ztp_rules *rules = field;
	struct ztp_rule *rule;
	int rc = grow(&rules->payloads, &rules->payload_count, file, node);

	if (rc)
		return rc;
	rule = &rules->payloads[rules->payload_count - 1];
	rc = ztp_members_read(file, node, members, rule);
	if (!rc && !rule->payload.data)
		rc = ztp_members_fail(file, node->line,
				      "payload_file or payload_template is "
				      "missing");
	if (!rc && !rule->match.any && !rules_match_restricts(&rule->match))
		rc = ztp_members_fail(file, node->line,
				      "match is missing: write match: any if "
				      "that is meant");
	return rc;
}

static int read_payloads(const struct ztp_members_file *file,
			 const struct ztp_yaml_node *node, void *field)
{
	return ztp_members_each(file, node, field, add_payload);
}

static int read_top(const struct ztp_members_file *file,
		    const struct ztp_yaml_node *root, struct ztp_rules *rules)
{
	static const struct ztp_member members[] = {
		{"rules", read_rules, 0},
		{"payloads", read_payloads, 0},
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
	struct ztp_members_file file = {path, error, &rules->files};
	struct ztp_yaml_node *root;
	struct ztp_error why;
	int line, rc;

	memset(rules, 0, sizeof(*rules));
	rules->otherwise.match.min_days_left = -1;
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

int ztp_rules_match(struct ztp_rules *rules, const char *text, const char *path,
		    struct ztp_error *error)
{
	struct ztp_members_file file = {path, error, &rules->files};
	struct ztp_yaml_node *root;
	struct ztp_rule *rule;
	struct ztp_error why;
	int line, rc;

	memset(rules, 0, sizeof(*rules));
	rules->otherwise.leave = true;
	rc = ztp_yaml_read(&root, text, strlen(text), &line, &why);
	if (rc)
		return ztp_fail(error, rc, "%s: %.160s", path, why.message);
	rc = grow(&rules->rules, &rules->count, &file, root);
	if (!rc) {
		rule = rules->rules;
		rc = rules_read_match(&file, root, &rule->match);
		if (!rc && !rule->match.any &&
		    !rules_match_restricts(&rule->match))
			rc = ztp_members_fail(&file, root->line,
					      "it matches every request: write "
					      "any if that is meant");
	}
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
