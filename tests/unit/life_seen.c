/* How a test looks at its bridge: rows, records, the log. */
#include "life_case.h"

#include <cjson/cJSON.h>

/* --- rows */

void life_is(struct life_case *c, int64_t n, enum ztp_state state)
{
	struct store_request r = life_row(c, n);

	assert_string_equal(ztp_state_name(r.state), ztp_state_name(state));
}

void life_why(struct life_case *c, int64_t n, const char *why)
{
	struct store_request r = life_row(c, n);
	char found[STORE_REASON_MAX + 1];

	assert_true(store_reason_get(c->b.store, &r, found, &c->error) >= 0);
	assert_string_equal(found, why);
}

static int64_t from_now(const struct life_case *c, int64_t at)
{
	return at == 0 ? LIFE_NEVER : at - c->b.core.now;
}

void life_owes(struct life_case *c, int64_t n, enum ztp_owed what,
	       int64_t retry_in, int64_t due_in)
{
	struct store_request r = life_row(c, n);

	assert_string_equal(ztp_owed_name(r.owed.what), ztp_owed_name(what));
	assert_int_equal(from_now(c, r.owed.retry_at), retry_in);
	assert_int_equal(from_now(c, r.owed.due_at), due_in);
}

/* --- records */

static int look_at(void *arg, const struct store_record *record)
{
	struct life_case *c = arg;

	played_record_copy(&c->record, record);
	c->seen[record->topic] = record->seq;
	return 1;
}

bool life_record(struct life_case *c, enum store_topic topic)
{
	int rc = store_outbox_each(c->b.store, topic, c->seen[topic], 1,
				   look_at, c, &c->error);

	assert_true(rc >= 0);
	return rc == 1;
}

void life_no_record(struct life_case *c, enum store_topic topic)
{
	if (life_record(c, topic))
		fail_msg("there is one more: %s", c->record.value);
}

void life_result(struct life_case *c, const char *id, const char *outcome)
{
	if (!life_record(c, STORE_RESULTS))
		fail_msg("no result");
	assert_string_equal(life_member(c, "outcome"), outcome);
	if (id)
		assert_string_equal(life_member(c, "request_id"), id);
	life_no_record(c, STORE_RESULTS);
}

const char *life_member(struct life_case *c, const char *name)
{
	cJSON *root = cJSON_Parse(c->record.value), *at = root;
	char copy[64], *part, *rest = NULL;

	assert_non_null(root);
	snprintf(copy, sizeof(copy), "%s", name);
	for (part = strtok_r(copy, ".", &rest); part;
	     part = strtok_r(NULL, ".", &rest))
		at = cJSON_GetObjectItemCaseSensitive(at, part);
	c->member[0] = '\0';
	if (cJSON_IsString(at))
		snprintf(c->member, sizeof(c->member), "%s", at->valuestring);
	else if (cJSON_IsNumber(at))
		snprintf(c->member, sizeof(c->member), "%g", at->valuedouble);
	cJSON_Delete(root);
	return c->member;
}

/* --- the log */

bool life_logged(struct life_case *c, const char *event)
{
	char text[65536], line[64];
	ssize_t n = pread(c->log.sink.fd, text, sizeof(text) - 1, 0);

	assert_true(n >= 0 && n < (ssize_t)sizeof(text) - 1);
	text[n] = '\0';
	assert_int_equal(ftruncate(c->log.sink.fd, 0), 0);
	snprintf(line, sizeof(line), " event=%s ", event);
	return strstr(text, line) != NULL;
}
