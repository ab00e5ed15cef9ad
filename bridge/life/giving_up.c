#include "bridge/life/giving_up.h"

#include <stdio.h>

#include "bridge/life/moves.h"

static void report(struct bridge *b, const struct store_request *r,
		   const char *why)
{
	log_warn(b->core.log, "command_given_up", LOG_STR("request_id", r->id),
		 LOG_STR("device_path", r->path), LOG_STR("error", why));
	b->core.tally.commands[TALLY_COMMAND_GIVEN_UP]++;
}

/* Of the command with the approval. When it is sent again after the end, the
 * end does not change. */
static int give_up_command(struct bridge *b, struct store_request *r,
			   const char *why, struct ztp_error *error)
{
	report(b, r, why);
	if (r->state == ZTP_STATE_REGISTERED || r->state == ZTP_STATE_DELIVERED)
		return move_finish_decided(b, r, ZTP_STATE_UNDELIVERABLE, why,
					   error);
	return move_owe(b, r, ZTP_ON_GIVEN_UP, NULL, error);
}

/* The gate is asked whether it has created the device. */
static int doubt_registration(struct bridge *b, struct store_request *r,
			      struct ztp_error *error)
{
	if (r->owed.losses == ZTP_LOSSES_MAX)
		log_warn(b->core.log, "registration_in_doubt",
			 LOG_STR("request_id", r->id),
			 LOG_STR("device_path", r->path),
			 LOG_INT("tries", r->owed.losses));
	return store_request_save(b->store, r, error);
}

static int give_up(struct bridge *b, struct store_request *r, size_t size,
		   struct ztp_error *error)
{
	char why[128];

	if (r->owed.what == ZTP_OWED_REGISTER)
		return doubt_registration(b, r, error);
	if (!ztp_owed_is_command(r->owed.what))
		return store_request_save(b->store, r, error);
	snprintf(why, sizeof(why),
		 "the connection to the broker was lost each time this command "
		 "of %zu bytes was sent",
		 size);
	return give_up_command(b, r, why, error);
}

int giving_up_lost(struct bridge *b, int64_t n, size_t size, bool proven,
		   struct ztp_error *error)
{
	const struct ztp_owed_facts facts = {.unproven = !proven};
	struct store_request r;
	int rc = store_request_by_n(b->store, n, &r, error);

	if (size > 0)
		b->core.tally.commands[TALLY_COMMAND_LOST]++;
	if (rc <= 0 || !move_obligation(b, &r, ZTP_ON_LOST, &facts))
		return rc < 0 ? rc : 0;
	if (!ztp_obligation_hopeless(&r.owed))
		return store_request_save(b->store, &r, error);
	return give_up(b, &r, size, error);
}

int giving_up_registration(struct bridge *b, struct store_request *r,
			   const char *rest, struct ztp_error *error)
{
	char why[128];

	snprintf(why, sizeof(why),
		 "the gate did not answer createDevice, %d times in a row, %s",
		 ZTP_LOSSES_MAX, rest);
	report(b, r, why);
	return move_finish_decided(b, r, ZTP_STATE_FAILED, why, error);
}

int giving_up_release(struct bridge *b, struct store_request *r,
		      struct ztp_error *error)
{
	if (ztp_obligation_hopeless(&r->owed))
		report(b, r, "the gate did not answer rejectDevice");
	return move_owe(b, r, ZTP_ON_DEADLINE, NULL, error);
}

int giving_up_impossible(struct bridge *b, int64_t n, const char *why,
			 struct ztp_error *error)
{
	struct store_request r;
	int rc = store_request_by_n(b->store, n, &r, error);

	if (rc <= 0)
		return rc;
	if (ztp_owed_is_command(r.owed.what))
		return give_up_command(b, &r, why, error);
	report(b, &r, why);
	return move_owe(b, &r, ZTP_ON_REFUSED, NULL, error);
}
