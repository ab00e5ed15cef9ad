#include "bridge/life/contacts.h"

#include <stdio.h>
#include <string.h>

#include "bridge/life/moves.h"
#include "bridge/life/records.h"

#define NOT_ITS_OWN "it names a request that is not the device's own"

/* A request, and what is known of its device. */
struct contact {
	struct store_request r; /* n 0: none */
	struct ztp_contact kept;
};

static bool must_answer(const struct bridge *b)
{
	return b->core.config->mqtt.delivery_ack == CONFIG_ACK_DEVICE;
}

static struct ztp_answer_facts facts_of(const struct bridge *b,
					const struct contact *c, bool applied)
{
	return (struct ztp_answer_facts){
		.state = c->r.state,
		.command_owed = ztp_owed_is_command(c->r.owed.what),
		.must_answer = must_answer(b),
		.applied = applied,
		.heard = c->kept.heard,
	};
}

/* --- which request is it about? */

/* Only the device itself may answer for its request. */
static int find_named(struct bridge *b, const struct contacts_answer *answer,
		      struct contact *c, struct ztp_error *error)
{
	int rc = 0;

	if (*answer->said.request_id)
		rc = store_request_by_id(b->store, answer->said.request_id,
					 &c->r, error);
	if (rc > 0 && strcmp(c->r.path, answer->path) != 0)
		rc = 0;
	if (rc == 0)
		c->r.n = 0;
	return rc < 0 ? rc : 0;
}

struct awaiting {
	struct bridge *b;
	struct contact *c;
	const struct contacts_sender *sender;
	struct ztp_error *error;
};

/* A word that names no request cannot be about a command that was never sent:
 * it may be about an earlier one, or nobody's answer at all. */
static bool was_sent(const struct awaiting *a, const struct store_request *r)
{
	return r->state != ZTP_STATE_REGISTERED || r->owed.tries > 0 ||
	       r->owed.losses > 0 || a->sender->has_sent(a->sender->arg, r->n);
}

static int keep_awaiting(void *arg, struct store_request *r)
{
	struct awaiting *a = arg;
	struct ztp_answer_facts facts;
	struct contact one = {.r = *r};
	int rc = store_contact_get(a->b->store, r->n, &one.kept, a->error);

	facts = facts_of(a->b, &one, false);
	if (rc == 0 && ztp_contact_awaits(&facts) && was_sent(a, r))
		*a->c = one;
	return rc;
}

/* The path's newest request that waits for an answer. */
static int find_awaiting(struct bridge *b, const char *path, struct contact *c,
			 const struct contacts_sender *sender,
			 struct ztp_error *error)
{
	struct awaiting a = {b, c, sender, error};

	return store_path_each(b->store, path, keep_awaiting, &a, error);
}

/* --- acting on it */

/* What the customer is told, and the operator: a device may quote its payload,
 * which is none of the operator's. */
struct word {
	bool applied;
	char message[ZTP_MESSAGE_MAX + 1];
	const char *why;
};

static void word_of(struct word *word, const struct contacts_answer *answer,
		    bool named)
{
	const char *why = answer->unreadable;

	if (!*why && !named)
		why = NOT_ITS_OWN;
	word->applied = !*why && answer->said.applied;
	word->why = *why ? "the device's answer is not understood"
			 : "the device answered that it failed; its message is "
			   "in the result";
	if (*why)
		snprintf(word->message, sizeof(word->message),
			 "the device's answer is not understood: %s", why);
	else if (*answer->said.message)
		memcpy(word->message, answer->said.message,
		       sizeof(word->message));
	else
		snprintf(word->message, sizeof(word->message), "%s",
			 word->applied ? "the device has applied the command"
				       : "the device could not apply the "
					 "command");
}

/* The device has its command, whatever the broker says or has said. */
static int deliver(struct bridge *b, struct store_request *r,
		   struct ztp_error *error)
{
	int rc;

	if (r->state == ZTP_STATE_DELIVERED)
		return 0;
	rc = move_state(b, r, ZTP_STATE_DELIVERED, error);
	r->delivered_at = b->core.now;
	r->finished_at = 0;
	return rc;
}

static int remember(struct bridge *b, struct contact *c, bool applied,
		    struct ztp_error *error)
{
	int rc;

	c->kept.heard = applied ? ZTP_HEARD_APPLIED : ZTP_HEARD_FAILED;
	rc = store_contact_put(b->store, c->r.n, &c->kept, error);
	if (rc == 0 && applied)
		rc = store_payload_erase(b->store, &c->r, error);
	return rc;
}

/* After the end. What is still owed to a device that has applied its command is
 * dropped. */
static int report(struct bridge *b, struct contact *c, const struct word *word,
		  struct ztp_error *error)
{
	enum ztp_outcome outcome =
		word->applied ? ZTP_OUTCOME_APPLIED : ZTP_OUTCOME_APPLY_FAILED;
	int rc = move_report(b, &c->r, outcome, word->message, error);

	if (rc == 0 && word->applied)
		rc = move_owe(b, &c->r, ZTP_ON_DONE, NULL, error);
	return rc == 0 ? remember(b, c, word->applied, error) : rc;
}

static int end(struct bridge *b, struct contact *c, enum ztp_on_answer what,
	       const struct word *word, struct ztp_error *error)
{
	int rc = deliver(b, &c->r, error);

	if (rc != 0)
		return rc;
	if (what == ZTP_ANSWER_ONBOARDED)
		rc = move_onboard(b, &c->r, ZTP_DELIVERY_DEVICE, word->message,
				  error);
	else if (what == ZTP_ANSWER_UNDELIVERABLE)
		rc = move_finish_quoted(b, &c->r, ZTP_STATE_UNDELIVERABLE,
					word->message, word->why, error);
	else
		rc = move_onboard(b, &c->r, move_delivery(b),
				  "the device has its command", error);
	if (rc == 0 && what == ZTP_ANSWER_ONBOARDED_FAILED)
		return report(b, c, word, error);
	return rc == 0 ? remember(b, c, word->applied, error) : rc;
}

static int act(struct bridge *b, struct contact *c, enum ztp_on_answer what,
	       const struct word *word, struct ztp_error *error)
{
	switch (what) {
	case ZTP_ANSWER_ONBOARDED:
	case ZTP_ANSWER_UNDELIVERABLE:
	case ZTP_ANSWER_ONBOARDED_FAILED:
		return end(b, c, what, word, error);
	case ZTP_ANSWER_APPLIED:
	case ZTP_ANSWER_APPLY_FAILED:
		return report(b, c, word, error);
	case ZTP_ANSWER_IGNORED:
		break;
	}
	return 0;
}

static enum ztp_on_answer effect_of(const struct bridge *b,
				    const struct contact *c,
				    const struct word *word)
{
	struct ztp_answer_facts facts;

	if (c->r.n == 0)
		return ZTP_ANSWER_IGNORED;
	facts = facts_of(b, c, word->applied);
	return ztp_contact_answer(&facts);
}

/* Who may publish may say anything of any device, so that the lines of what has
 * no effect are bounded. */
static void note(const struct bridge *b, const struct contacts_answer *answer,
		 const struct contact *c, enum ztp_on_answer what,
		 const struct word *word)
{
	const char *id = c->r.n ? c->r.id : NULL;
	const char *error = *answer->unreadable ? answer->unreadable : NULL;

	if (what == ZTP_ANSWER_IGNORED)
		log_said(b->core.log, "device_answered",
			 LOG_STR("device_path", answer->path),
			 LOG_STR("request_id", id),
			 LOG_BOOL("applied", word->applied),
			 LOG_STR("error", error));
	else
		log_info(b->core.log, "device_answered",
			 LOG_STR("device_path", answer->path),
			 LOG_STR("request_id", id),
			 LOG_BOOL("applied", word->applied),
			 LOG_STR("error", error));
}

int contacts_answered(struct bridge *b, const struct contacts_answer *answer,
		      const struct contacts_sender *sender,
		      struct ztp_error *error)
{
	struct contact c = {.r.n = 0};
	enum ztp_on_answer what;
	struct word word;
	bool named;
	int rc = find_named(b, answer, &c, error);

	named = c.r.n != 0;
	if (rc == 0)
		rc = named ? store_contact_get(b->store, c.r.n, &c.kept, error)
			   : find_awaiting(b, answer->path, &c, sender, error);
	if (rc != 0)
		return rc;
	word_of(&word, answer, named);
	what = effect_of(b, &c, &word);
	note(b, answer, &c, what, &word);
	if (*answer->unreadable)
		b->core.tally.answers[TALLY_ANSWER_UNREADABLE]++;
	else if (c.r.n == 0 || !named)
		b->core.tally.answers[TALLY_ANSWER_UNKNOWN]++;
	else
		b->core.tally.answers[word.applied ? TALLY_ANSWER_APPLIED
						   : TALLY_ANSWER_FAILED]++;
	return act(b, &c, what, &word, error);
}

/* --- a device that comes again */

struct newest {
	const uint8_t *fingerprint;
	struct store_request r; /* n 0: none */
};

static int keep_newest(void *arg, struct store_request *r)
{
	struct newest *newest = arg;

	if (!newest->fingerprint ||
	    memcmp(r->fingerprint, newest->fingerprint, ZTP_SHA256_LEN) == 0)
		newest->r = *r;
	return 0;
}

static struct ztp_return_facts
return_facts(const struct bridge *b, const struct store_request *r,
	     const struct contacts_report *report)
{
	const struct config *config = b->core.config;
	int64_t until =
		r->finished_at + config->onboarding.payload_retention_ms;

	return (struct ztp_return_facts){
		.state = r->state,
		.command_owed = ztp_owed_is_command(r->owed.what),
		.certificate = report->certificate,
		.asked = report->asked,
		.kept = r->finished_at != 0 && b->core.now < until,
		.anonymous = config->mqtt.command_format == ZTP_COMMAND_RAW &&
			     config->mqtt.version != 5,
		.connection = report->connection,
		.now = b->core.now,
		.delivered_at = r->delivered_at,
	};
}

static int resend(struct bridge *b, struct store_request *r,
		  struct ztp_contact *kept, bool asked, int64_t at,
		  struct ztp_error *error)
{
	struct ztp_owed_facts facts = {.not_before = at};

	kept->resent_at = at;
	if (!asked)
		kept->resends++;
	log_info(b->core.log, "command_resent", LOG_STR("request_id", r->id),
		 LOG_STR("device_path", r->path), LOG_BOOL("asked", asked),
		 LOG_INT("times", kept->resends));
	return move_owe(b, r, ZTP_ON_RETURNED, &facts, error);
}

/* An operator who has asked for it is told why nothing is sent. */
static void log_why_not(const struct bridge *b,
			const struct contacts_report *report,
			const struct ztp_contact *kept,
			const struct ztp_return_facts *facts)
{
	const char *why = ztp_contact_why_not(kept, facts);

	if (report->asked)
		log_info(b->core.log, "command_not_resent",
			 LOG_STR("device_path", report->path),
			 LOG_STR("reason", why ? why : "already_told"));
}

int contacts_returned(struct bridge *b, const struct contacts_report *report,
		      struct ztp_error *error)
{
	struct newest newest = {.fingerprint = report->fingerprint};
	struct store_request *r = &newest.r;
	struct ztp_return_facts facts;
	struct ztp_contact kept;
	enum ztp_on_return what;
	int64_t at = 0;
	int rc = 0;

	if (!report->certificate && !report->asked)
		return 0;
	rc = store_path_each(b->store, report->path, keep_newest, &newest,
			     error);
	if (rc == 0)
		rc = store_contact_get(b->store, r->n, &kept, error);
	if (rc != 0)
		return rc;
	facts = return_facts(b, r, report);
	what = ztp_contact_return(&kept, &facts, &at);
	if (what == ZTP_RETURN_IGNORED)
		log_why_not(b, report, &kept, &facts);
	if (what == ZTP_RETURN_RESEND)
		rc = resend(b, r, &kept, report->asked, at, error);
	else if (what == ZTP_RETURN_IGNORED || report->connection == 0 ||
		 report->connection == kept.connection)
		return 0;
	if (report->connection != 0)
		kept.connection = report->connection;
	return rc == 0 ? store_contact_put(b->store, r->n, &kept, error) : rc;
}
