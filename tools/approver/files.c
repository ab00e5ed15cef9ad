#include "tools/approver/files.h"

#include <stdio.h>
#include <string.h>

#include "tools/approver/send.h"
#include "tools/common/cli.h"

#define AT_MAX 16

/* ":LINE", or nothing. */
static const char *at_line(char at[AT_MAX], int line)
{
	at[0] = '\0';
	if (line > 0)
		(void)snprintf(at, AT_MAX, ":%d", line);
	return at;
}

/* Makes a decision of it, for any request: one that cannot be made would end
 * `run` at the first approval, and again after each start. */
static int try_payload(const struct ztp_attachment *payload,
		       const struct options *options, const char *file,
		       int line, struct ztp_error *error)
{
	const struct ztp_answer answer = {.approve = true, .payload = payload};
	struct ztp_ask ask = {.request_id = "sample",
			      .path = ZTP_PATH_SUBSCRIPTION
			      "s" ZTP_PATH_REGISTRY "r" ZTP_PATH_DEVICE "d"};
	struct ztp_answer_record record;
	struct ztp_error why = {0};
	char at[AT_MAX];
	int rc;

	if (!payload->data)
		return 0;
	rc = ztp_path_parse(&ask.parts, ask.path, strlen(ask.path), &why);
	if (!rc)
		rc = ztp_answer_build(&record, options->format, &ask, &answer,
				      0, &why);
	if (rc)
		return ztp_fail(error, rc,
				"%s%s: no decision can hold the payload: %s",
				file, at_line(at, line), why.message);
	ztp_answer_clear(&record);
	return 0;
}

static int try_all(const struct ztp_rules *rules, const struct options *options,
		   struct ztp_error *error)
{
	const char *file = options->rules_file;
	int rc = try_payload(&rules->otherwise.payload, options, file,
			     rules->otherwise.line, error);

	for (size_t i = 0; !rc && i < rules->count; i++)
		rc = try_payload(&rules->rules[i].payload, options, file,
				 rules->rules[i].line, error);
	for (size_t i = 0; !rc && i < rules->payload_count; i++)
		rc = try_payload(&rules->payloads[i].payload, options, file,
				 rules->payloads[i].line, error);
	return rc;
}

int rules_read(struct ztp_rules *rules, const struct options *options,
	       struct ztp_error *error)
{
	int rc = ztp_rules_load(rules, options->rules_file, error);

	if (rc)
		return rc;
	rc = try_all(rules, options, error);
	if (rc)
		ztp_rules_clear(rules);
	return rc;
}

/* What a customer's device cannot read is not seen before it has it, and then
 * the decision cannot be changed. */
static void warn_of_payload(const char *file, int line,
			    const struct ztp_attachment *payload)
{
	struct ztp_error why = {0};
	char at[AT_MAX];

	if (!ztp_attachment_is_spoilt(payload, &why))
		return;
	ztp_cli_warn(PROGRAM,
		     "%s%s: warning: the payload is not JSON, and is sent as "
		     "bytes: %s",
		     file, at_line(at, line), why.message);
}

static void warn_of(const struct options *options, const struct ztp_rule *rule)
{
	ztp_cli_warn(PROGRAM, "%s:%d: warning: rule %s matches every request%s",
		     options->rules_file, rule->line, rule->name,
		     rule->approve ? " and approves it" : "");
}

void rules_warn(const struct options *options)
{
	const struct ztp_rules *rules = &options->rules;
	const struct ztp_rule *otherwise = &rules->otherwise;

	for (size_t i = 0; i < rules->count; i++) {
		if (rules->rules[i].matches_all)
			warn_of(options, &rules->rules[i]);
		warn_of_payload(options->rules_file, rules->rules[i].line,
				&rules->rules[i].payload);
	}
	for (size_t i = 0; i < rules->payload_count; i++)
		warn_of_payload(options->rules_file, rules->payloads[i].line,
				&rules->payloads[i].payload);
	warn_of_payload(options->rules_file, otherwise->line,
			&otherwise->payload);
	if (otherwise->approve)
		ztp_cli_warn(PROGRAM,
			     "%s:%d: warning: default approves every request "
			     "that no rule matches",
			     options->rules_file, otherwise->line);
}

static int payload_read(struct options *options, struct ztp_error *error)
{
	int rc = ztp_attachment_load(&options->payload, options->payload_file,
				     error);

	if (rc)
		return rc;
	if (options->by == BY_REJECT)
		ztp_cli_warn(PROGRAM,
			     "%s: warning: the payload is for approvals, and a "
			     "rejection has none",
			     options->payload_file);
	if (options->content_type)
		memcpy(options->payload.content_type, options->content_type,
		       strlen(options->content_type) + 1);
	warn_of_payload(options->payload_file, 0, &options->payload);
	return try_payload(&options->payload, options, options->payload_file, 0,
			   error);
}

int files_read(struct options *options, struct ztp_error *error)
{
	int rc = 0;

	if (options->payload_file)
		rc = payload_read(options, error);
	if (!rc && options->rules_file) {
		rc = rules_read(&options->rules, options, error);
		if (!rc)
			rules_warn(options);
	}
	if (!rc && options->match)
		rc = ztp_rules_match(&options->rules, options->match, "--match",
				     error);
	if (!rc && options->fingerprints_file) {
		rc = ztp_fingerprints_load(&options->fingerprints,
					   options->fingerprints_file, error);
		if (!rc && !options->fingerprints.count)
			rc = ztp_fail(error, ZTP_ERR_EMPTY,
				      "%s: no fingerprints",
				      options->fingerprints_file);
	}
	return rc;
}
