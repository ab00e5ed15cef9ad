/*
 * What an answer means depends on what the customer has been told already.
 *
 * Before the end, the answer can make the end: `applied` always does, and with
 * delivery_ack: device `failed` does, too. With delivery_ack: broker a device
 * that failed has evidently been given its command, so the request ends as it
 * would have with the broker's word, and the failure follows as a result of its
 * own. After the end the answer is a result of its own.
 *
 * `applied` is final. A failure is told once, and an `applied` after it once
 * more: a device that came again and then succeeded should not be known as
 * failed for ever. An answer that cannot be read counts as a failure, because
 * nobody would learn of it otherwise.
 *
 * A device that comes again with its certificate has no memory of its approval:
 * it was reset, or it never got the command although the broker took it. It is
 * told again, but not without end, and not twice on one connection: a device
 * that subscribes again and again is not one that comes again.
 */
#include "ztp/contact.h"

static enum ztp_on_answer before_the_end(const struct ztp_answer_facts *facts)
{
	if (facts->applied)
		return ZTP_ANSWER_ONBOARDED;
	if (!facts->must_answer)
		return ZTP_ANSWER_ONBOARDED_FAILED;
	return facts->state == ZTP_STATE_UNDELIVERABLE
		       ? ZTP_ANSWER_IGNORED /* so it has ended */
		       : ZTP_ANSWER_UNDELIVERABLE;
}

static enum ztp_on_answer after_the_end(const struct ztp_answer_facts *facts)
{
	if (facts->heard == ZTP_HEARD_APPLIED)
		return ZTP_ANSWER_IGNORED;
	if (facts->applied)
		return ZTP_ANSWER_APPLIED;
	return facts->heard == ZTP_HEARD_NOTHING ? ZTP_ANSWER_APPLY_FAILED
						 : ZTP_ANSWER_IGNORED;
}

enum ztp_on_answer ztp_contact_answer(const struct ztp_answer_facts *facts)
{
	switch (facts->state) {
	case ZTP_STATE_DELIVERED:
		return before_the_end(facts);
	case ZTP_STATE_REGISTERED: /* before the broker's PUBACK */
	case ZTP_STATE_UNDELIVERABLE:
		return facts->command_owed ? before_the_end(facts)
					   : ZTP_ANSWER_IGNORED;
	case ZTP_STATE_ONBOARDED:
		return after_the_end(facts);
	default:
		return ZTP_ANSWER_IGNORED;
	}
}

bool ztp_contact_awaits(const struct ztp_answer_facts *facts)
{
	return ztp_contact_answer(facts) != ZTP_ANSWER_IGNORED;
}

/* On a connection that is not known, a report soon after the delivery is about
 * the connection on which the device was told. */
static bool is_told(const struct ztp_contact *contact,
		    const struct ztp_return_facts *facts)
{
	if (contact->connection != 0 || contact->resends > 0)
		return contact->connection == facts->connection;
	return facts->now - facts->delivered_at < ZTP_RESEND_GAP_MS;
}

const char *ztp_contact_why_not(const struct ztp_contact *contact,
				const struct ztp_return_facts *facts)
{
	if (facts->state != ZTP_STATE_ONBOARDED)
		return "not_onboarded";
	if (contact->heard == ZTP_HEARD_APPLIED)
		return "applied";
	if (!facts->kept)
		return "payload_not_kept";
	return facts->anonymous ? "no_request_id" : NULL;
}

enum ztp_on_return ztp_contact_return(const struct ztp_contact *contact,
				      const struct ztp_return_facts *facts,
				      int64_t *at)
{
	int64_t earliest = contact->resent_at + ZTP_RESEND_GAP_MS;

	if (facts->command_owed)
		return ZTP_RETURN_TOLD;
	if (ztp_contact_why_not(contact, facts))
		return ZTP_RETURN_IGNORED;
	if (!facts->asked) {
		if (!facts->certificate || facts->connection == 0 ||
		    contact->resends >= ZTP_RESENDS_MAX)
			return ZTP_RETURN_IGNORED;
		if (is_told(contact, facts))
			return ZTP_RETURN_TOLD;
	}
	*at = contact->resent_at != 0 && earliest > facts->now ? earliest
							       : facts->now;
	return ZTP_RETURN_RESEND;
}
