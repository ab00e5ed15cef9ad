#include "tools/common/rules.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ztp/fingerprint.h"

#define DAY_MS (24 * 3600 * 1000LL)

/* --- fingerprints */

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ZTP_SHA256_LEN);
}

static int add(struct ztp_fingerprints *list,
	       const uint8_t fingerprint[ZTP_SHA256_LEN],
	       struct ztp_error *error)
{
	void *larger;

	/* The list grows at powers of two. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t size = list->count ? 2 * list->count : 1;

		larger = realloc(list->items, size * sizeof(*list->items));
		if (!larger)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		list->items = larger;
	}
	memcpy(list->items[list->count++], fingerprint, ZTP_SHA256_LEN);
	return 0;
}

int ztp_fingerprints_add(struct ztp_fingerprints *list, const char *text,
			 struct ztp_error *error)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];
	int rc = ztp_fingerprint_line(fingerprint, text, strlen(text), error);

	list->set = true;
	if (rc == 0)
		rc = ztp_fail(error, ZTP_ERR_VALUE,
			      "a fingerprint is expected");
	return rc < 0 ? rc : add(list, fingerprint, error);
}

void ztp_fingerprints_sort(struct ztp_fingerprints *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, ZTP_SHA256_LEN, compare);
}

static int add_line(struct ztp_fingerprints *list, const char *line, size_t len,
		    struct ztp_error *error)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];
	int rc = ztp_fingerprint_line(fingerprint, line, len, error);

	return rc == 1 ? add(list, fingerprint, error) : rc;
}

int ztp_fingerprints_load(struct ztp_fingerprints *list, const char *path,
			  struct ztp_error *error)
{
	struct ztp_error why;
	char *text = NULL;
	size_t len, line = 1;
	int rc = ztp_file_read(&text, &len, path, ZTP_FINGERPRINTS_FILE_MAX,
			       error);

	list->set = true; /* an empty list matches nobody */
	for (size_t at = ztp_bom_len(text, len); !rc && at < len; line++) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - text) - at : len - at;

		rc = add_line(list, text + at, n, &why);
		if (rc)
			ztp_fail(error, rc, "%s:%zu: %s", path, line,
				 why.message);
		at += n + 1;
	}
	free(text);
	return rc;
}

static bool fingerprint_matches(const struct ztp_fingerprints *list,
				const struct ztp_ask *ask)
{
	uint8_t key[ZTP_SHA256_LEN];

	if (!list->set)
		return true;
	if (!list->count || !ztp_hex_decode(key, sizeof(key), ask->fingerprint,
					    strlen(ask->fingerprint)))
		return false;
	return bsearch(key, list->items, list->count, ZTP_SHA256_LEN, compare);
}

/* --- matching */

static bool glob_matches(const struct ztp_globs *globs, const char *text)
{
	if (!globs->count)
		return true;
	if (!*text)
		return false;
	for (size_t i = 0; i < globs->count; i++)
		if (fnmatch(globs->items[i], text, 0) == 0)
			return true;
	return false;
}

static bool id_matches(const struct ztp_globs *globs, struct ztp_str id)
{
	char text[ZTP_ID_MAX + 1];

	if (id.n > ZTP_ID_MAX)
		return false;
	memcpy(text, id.p, id.n);
	text[id.n] = '\0';
	return glob_matches(globs, text);
}

static bool validity_matches(const struct ztp_match *match,
			     const struct ztp_ask *ask, int64_t now_ms)
{
	if (match->min_days_left < 0 && !match->not_expired)
		return true;
	if (!ask->has_validity)
		return false;
	if (match->not_expired &&
	    (now_ms < ask->not_before || now_ms > ask->not_after))
		return false;
	return match->min_days_left < 0 ||
	       ask->not_after - now_ms >= match->min_days_left * DAY_MS;
}

static bool matches(const struct ztp_match *match, const struct ztp_ask *ask,
		    int64_t now_ms)
{
	return id_matches(&match->subscription, ask->parts.subscription) &&
	       id_matches(&match->registry, ask->parts.registry) &&
	       id_matches(&match->id, ask->parts.device) &&
	       glob_matches(&match->issuer, ask->issuer) &&
	       glob_matches(&match->subject, ask->subject) &&
	       glob_matches(&match->key_algorithm, ask->key_algorithm) &&
	       ask->key_bits >= match->min_key_bits &&
	       validity_matches(match, ask, now_ms) &&
	       fingerprint_matches(&match->fingerprints, ask);
}

static const struct ztp_attachment *payload_of(const struct ztp_rules *rules,
					       const struct ztp_rule *rule,
					       const struct ztp_ask *ask,
					       int64_t now_ms)
{
	if (rule->payload.data)
		return &rule->payload;
	for (size_t i = 0; rule->approve && i < rules->payload_count; i++)
		if (matches(&rules->payloads[i].match, ask, now_ms))
			return &rules->payloads[i].payload;
	return NULL;
}

void ztp_rules_decide(struct ztp_answer *answer, const struct ztp_rules *rules,
		      const struct ztp_ask *ask, int64_t now_ms)
{
	const struct ztp_rule *rule = &rules->otherwise;

	for (size_t i = 0; i < rules->count; i++)
		if (matches(&rules->rules[i].match, ask, now_ms)) {
			rule = &rules->rules[i];
			break;
		}
	*answer = (struct ztp_answer){
		.leave = rule->leave,
		.approve = rule->approve,
		.reason = rule->reason,
		.message = rule->message,
		.payload = payload_of(rules, rule, ask, now_ms),
		.rule = rule->name,
	};
}

/* --- freeing */

static void clear_globs(struct ztp_globs *globs)
{
	for (size_t i = 0; i < globs->count; i++)
		free(globs->items[i]);
	free(globs->items);
}

static void clear_rule(struct ztp_rule *rule)
{
	struct ztp_match *match = &rule->match;

	clear_globs(&match->subscription);
	clear_globs(&match->registry);
	clear_globs(&match->id);
	clear_globs(&match->issuer);
	clear_globs(&match->subject);
	clear_globs(&match->key_algorithm);
	free(match->fingerprints.items);
	free(rule->name);
	free(rule->reason);
	free(rule->message);
	ztp_attachment_clear(&rule->payload);
}

void ztp_rules_clear(struct ztp_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		clear_rule(&rules->rules[i]);
	for (size_t i = 0; i < rules->payload_count; i++)
		clear_rule(&rules->payloads[i]);
	clear_globs(&rules->files);
	free(rules->rules);
	free(rules->payloads);
	clear_rule(&rules->otherwise);
	memset(rules, 0, sizeof(*rules));
}
