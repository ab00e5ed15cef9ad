/*
 * Answers are applied before unasked reports: the gate answers createDevice
 * before it reports anything about that device.
 */
#include "bridge/life/gate_answers.h"

#include <stdio.h>

#include "bridge/life/contacts.h"
#include "bridge/life/delivery.h"
#include "bridge/life/giving_up.h"
#include "bridge/life/moves.h"
#include "bridge/registrar/control.h"
#include "bridge/registrar/registrar.h"
#include "ztp/code.h"

#define EXISTS "a device with this path exists already"

/* createDevice or rejectDevice, of which the gate keeps something. */
static bool is_written(const struct registrar_answer *answer)
{
	return answer->question == REGISTRAR_CREATE ||
	       answer->question == REGISTRAR_REJECT;
}

static int retry_later(struct bridge *b, const struct registrar_answer *answer,
		       struct store_request *r, struct ztp_error *error)
{
	bool denied = control_is(answer->said, ZTP_CODE_PERMISSION_DENIED);

	if (answer->question == REGISTRAR_ASK_DEVICE) {
		registrar_ask_later(b->registrar, answer->n);
		return 0;
	}
	if (!denied && is_written(answer))
		registrar_not_written(b->registrar, r, answer->said->message);
	return move_owe(b, r, denied ? ZTP_ON_DENIED : ZTP_ON_UNAVAILABLE, NULL,
			error);
}

/* The device is being told, or is to be told again, on this connection. */
static int on_connection(struct bridge *b, const struct control_answer *said,
			 const struct store_request *r, struct ztp_error *error)
{
	struct contacts_report report = {
		.path = r->path,
		.fingerprint = r->fingerprint,
		.connection = said->connection,
		.certificate = said->certificate,
	};

	return contacts_returned(b, &report, error);
}

static int registered(struct bridge *b, const struct control_answer *said,
		      struct store_request *r, struct ztp_error *error)
{
	int rc = move_register(b, r, said->subscribed, error);

	return rc == 0 && said->subscribed ? on_connection(b, said, r, error)
					   : rc;
}

static int on_created(struct bridge *b, const struct control_answer *said,
		      struct store_request *r, struct ztp_error *error)
{
	char message[256];

	if (r->state != ZTP_STATE_APPROVED)
		return 0;
	if (control_is(said, ZTP_CODE_OK))
		return registered(b, said, r, error);
	if (control_is(said, ZTP_CODE_ALREADY_EXISTS))
		return move_finish_decided(b, r, ZTP_STATE_CONFLICT, EXISTS,
					   error);
	if (control_is(said, ZTP_CODE_ABORTED))
		return move_finish_decided(b, r, ZTP_STATE_WITHDRAWN,
					   *said->message
						   ? said->message
						   : "withdrawn at the gate",
					   error);
	snprintf(message, sizeof(message), "%s: %s", said->code, said->message);
	return move_finish_decided(b, r, ZTP_STATE_FAILED, message, error);
}

/* createDevice was answered too often by nothing: has it had an effect? An answer
 * that does not tell is as good as none. */
static int on_made(struct bridge *b, const struct control_answer *said,
		   struct store_request *r, struct ztp_error *error)
{
	if (r->state != ZTP_STATE_APPROVED)
		return 0;
	if (control_is_device(said, r))
		return registered(b, said, r, error);
	if (control_is_any(said))
		return move_finish_decided(b, r, ZTP_STATE_CONFLICT, EXISTS,
					   error);
	if (control_is_gone(said, r))
		return giving_up_registration(
			b, r, "and has not created the device", error);
	return giving_up_lost(b, r->n, 0, true, error);
}

static int on_released(struct bridge *b, struct store_request *r,
		       struct ztp_error *error)
{
	return move_owe(b, r, ZTP_ON_RELEASED, NULL, error);
}

static int on_device(struct bridge *b, const struct control_answer *said,
		     struct store_request *r, struct ztp_error *error)
{
	int rc;

	if (control_is_gone(said, r))
		return delivery_gone(b, r, error);
	if (!control_is_device(said, r)) {
		registrar_ask_later(b->registrar, r->n);
		return 0;
	}
	if (!said->subscribed)
		return 0;
	rc = delivery_subscribed(b, r->path, r->fingerprint, false, error);
	return rc == 0 ? on_connection(b, said, r, error) : rc;
}

static int apply_reply(struct bridge *b, const struct registrar_answer *answer,
		       struct store_request *r, struct ztp_error *error)
{
	const struct control_answer *said = answer->said;

	if (is_written(answer) && control_is(said, ZTP_CODE_OK))
		registrar_written(b->registrar);
	switch (answer->question) {
	case REGISTRAR_CREATE:
		return on_created(b, said, r, error);
	case REGISTRAR_ASK_MADE:
		return on_made(b, said, r, error);
	case REGISTRAR_REJECT:
		return on_released(b, r, error);
	case REGISTRAR_ASK_HELD:
		return delivery_held(b, r, control_is_held(said, r),
				     said->subscribed, error);
	case REGISTRAR_ASK_DEVICE:
		return on_device(b, said, r, error);
	}
	return 0;
}

struct applying {
	struct bridge *b;
	struct ztp_error *error;
};

static int apply_answer(void *arg, const struct registrar_answer *answer)
{
	struct applying *a = arg;
	struct store_request r;
	int rc = store_request_by_n(a->b->store, answer->n, &r, a->error);

	if (rc <= 0)
		return rc;
	if (answer->lost)
		return giving_up_lost(a->b, answer->n, 0, true, a->error);
	if (control_is_denied(answer->said))
		return retry_later(a->b, answer, &r, a->error);
	return apply_reply(a->b, answer, &r, a->error);
}

static int apply_subscription(void *arg, const struct registrar_subscription *s)
{
	struct applying *a = arg;
	struct contacts_report report = {
		.path = s->path,
		.fingerprint = s->has_fingerprint ? s->fingerprint : NULL,
		.connection = s->connection,
		.certificate = s->certificate,
		.asked = s->again,
	};
	int rc = delivery_subscribed(a->b, s->path, report.fingerprint, s->held,
				     a->error);

	return rc == 0 && !s->held ? contacts_returned(a->b, &report, a->error)
				   : rc;
}

int gate_answers_apply(struct bridge *b, struct ztp_error *error)
{
	struct applying a = {b, error};
	int rc = 0;

	if (registrar_absent(b->registrar))
		rc = store_absent(b->store, error);
	if (rc == 0)
		rc = registrar_answer_each(b->registrar, apply_answer, &a);
	if (rc == 0)
		rc = registrar_subscription_each(b->registrar,
						 apply_subscription, &a);
	return rc;
}
