#include "gate/answers.h"

#include <string.h>

#include "base/clock.h"
#include "gate/address.h"
#include "gate/audit.h"
#include "ztp/command.h"

/* A device answers once to each command, and is told the same a few times at
 * most. The bridge reads less than this length, and says what was wrong with a
 * longer answer; it is not to be said by the gate. */
#define BURST	      20
#define A_SECOND      1
#define LENGTH_MAX    (4 * ZTP_APPLIED_MAX)
#define TELL_AGAIN_MS (60 * 1000LL)

struct ztp_throttle *ztp_answers_new(void)
{
	return ztp_throttle_new((struct ztp_throttle_rule){BURST, A_SECOND});
}

static bool is_answer(const struct ztp_session *session, const char *topic)
{
	size_t n = session->parts.whole.n;

	return strncmp(topic, session->path, n) == 0 &&
	       strcmp(topic + n, ZTP_APPLIED_SUFFIX) == 0;
}

static void tell(struct ztp_gate *gate, struct ztp_session *session,
		 const char *code, int64_t now)
{
	char address[ZTP_ADDRESS_MAX + 1];

	if (now < session->tell_refusals_at)
		return;
	session->tell_refusals_at = now + TELL_AGAIN_MS;
	ztp_address_of(address, session->client);
	ztp_audit(gate, &(struct ztp_audit){
				.verdict = ZTP_AUDIT_REFUSED,
				.code = code,
				.path = session->path,
				.fingerprint = session->fingerprint,
				.remote_addr = address,
			});
}

bool ztp_answers_allow(struct ztp_gate *gate, struct ztp_session *session,
		       const char *topic, uint32_t len)
{
	int64_t now;

	if (!is_answer(session, topic))
		return true;
	now = ztp_clock_boot();
	if (len > LENGTH_MAX) {
		tell(gate, session, ztp_err_name(ZTP_ERR_TOO_LARGE), now);
		return false;
	}
	if (ztp_throttle_take(gate->answers, session->path,
			      session->parts.whole.n, NULL, now))
		return true;
	tell(gate, session, ZTP_WHY_SLOWED_DOWN, now);
	return false;
}
