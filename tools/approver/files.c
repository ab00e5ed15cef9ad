#include "tools/approver/files.h"

#include <stdio.h>
#include <string.h>

#include "tools/approver/send.h"
#include "tools/common/cli.h"

static bool all_fit(const struct ztp_rules *rules,
		    enum ztp_answer_format format)
{
	bool fit = ztp_attachment_fits(&rules->otherwise.payload, format);

	for (size_t i = 0; fit && i < rules->count; i++)
		fit = ztp_attachment_fits(&rules->rules[i].payload, format);
	for (size_t i = 0; fit && i < rules->payload_count; i++)
		fit = ztp_attachment_fits(&rules->payloads[i].payload, format);
	return fit;
}

static int not_text(const char *path, struct ztp_error *error)
{
	return ztp_fail(error, ZTP_ERR_UTF8,
			"%s: a payload is not text, as the omnicore format "
			"requires",
			path);
}

int rules_read(struct ztp_rules *rules, const struct options *options,
	       struct ztp_error *error)
{
	int rc = ztp_rules_load(rules, options->rules_file, error);

	if (rc)
		return rc;
	if (all_fit(rules, options->format))
		return 0;
	ztp_rules_clear(rules);
	return not_text(options->rules_file, error);
}

/* What a customer's device cannot read is not seen before it has it, and then
 * the decision cannot be changed. */
static void warn_of_payload(const char *file, int line,
			    const struct ztp_attachment *payload)
{
	struct ztp_error why = {0};
	char at[16] = "";

	if (!ztp_attachment_is_spoilt(payload, &why))
		return;
	if (line > 0)
		(void)snprintf(at, sizeof(at), ":%d", line);
	ztp_cli_warn(PROGRAM,
		     "%s%s: warning: the payload is not JSON, and is sent as "
		     "bytes: %s",
		     file, at, why.message);
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
	if (options->content_type)
		memcpy(options->payload.content_type, options->content_type,
		       strlen(options->content_type) + 1);
	warn_of_payload(options->payload_file, 0, &options->payload);
	return ztp_attachment_fits(&options->payload, options->format)
		       ? 0
		       : not_text(options->payload_file, error);
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
