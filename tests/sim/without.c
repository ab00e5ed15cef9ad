/* The linker puts these in the place of the bridge's own (sim.mk). Two of them tell
 * the oracle, too, what it has to know of a bridge. */
#include "tests/sim/without.h"

#include <string.h>

#include "bridge/kafka/consumer.h"
#include "bridge/kafka/turn.h"
#include "bridge/ledger/copy.h"
#include "bridge/ledger/turns.h"
#include "bridge/life/held.h"
#include "bridge/standby/standby.h"
#include "bridge/store/store.h"
#include "tests/sim/oracle.h"

static unsigned taken_out, asked_about;

bool without(enum without rule)
{
	return (taken_out & 1u << rule) != 0;
}

bool is_about(enum without rule)
{
	return (asked_about & 1u << rule) != 0;
}

static bool add(unsigned *rules, const char *name)
{
	unsigned before = *rules;

#define X(rule, text, what)                                                    \
	if (strcmp(name, text) == 0)                                           \
		*rules |= 1u << WITHOUT_##rule;
	WITHOUT_LIST(X)
#undef X
	return *rules != before;
}

bool without_set(const char *name)
{
	return add(&taken_out, name);
}

bool about_set(const char *name)
{
	return add(&asked_about, name);
}

bool __real_ztp_lease_holds(const struct ztp_lease *lease, int64_t now);
bool __wrap_ztp_lease_holds(const struct ztp_lease *lease, int64_t now);
bool __wrap_ztp_lease_holds(const struct ztp_lease *lease, int64_t now)
{
	oracle_looks();
	return without(WITHOUT_LEASE) || __real_ztp_lease_holds(lease, now);
}

int64_t __real_ztp_hold_until(int64_t until, bool left, int64_t now);
int64_t __wrap_ztp_hold_until(int64_t until, bool left, int64_t now);
int64_t __wrap_ztp_hold_until(int64_t until, bool left, int64_t now)
{
	oracle_takes_over(left);
	return __real_ztp_hold_until(until, left, now);
}

int __real_turns_mark_put(struct store *store, const char *journal,
			  const struct journal_mark *mark,
			  struct ztp_error *error);
int __wrap_turns_mark_put(struct store *store, const char *journal,
			  const struct journal_mark *mark,
			  struct ztp_error *error);
int __wrap_turns_mark_put(struct store *store, const char *journal,
			  const struct journal_mark *mark,
			  struct ztp_error *error)
{
	return without(WITHOUT_MARK)
		       ? 0
		       : __real_turns_mark_put(store, journal, mark, error);
}

int __real_copy_end(struct copy *copy, int wait_ms, int64_t *end,
		    struct ztp_error *error);
int __wrap_copy_end(struct copy *copy, int wait_ms, int64_t *end,
		    struct ztp_error *error);
int __wrap_copy_end(struct copy *copy, int wait_ms, int64_t *end,
		    struct ztp_error *error)
{
	const struct log_ *log = &cluster.topics[CLUSTER_STATE].logs[0];
	int rc = 0;

	if (without(WITHOUT_END))
		*end = copy_position(copy);
	else
		rc = __real_copy_end(copy, wait_ms, end, error);
	if (rc == 0 && without(WITHOUT_STABLE) && *end > log->stable)
		*end = log->stable;
	return rc;
}

void __real_turn_send_at(struct turn *turn, int64_t first);
void __wrap_turn_send_at(struct turn *turn, int64_t first);
void __wrap_turn_send_at(struct turn *turn, int64_t first)
{
	if (without(WITHOUT_PLACE))
		turn_send(turn, false);
	else
		__real_turn_send_at(turn, first);
}

int __real_held_keep(struct bridge *b, const char *request_id,
		     const struct consumer_record *record,
		     struct ztp_error *error);
int __wrap_held_keep(struct bridge *b, const char *request_id,
		     const struct consumer_record *record,
		     struct ztp_error *error);
int __wrap_held_keep(struct bridge *b, const char *request_id,
		     const struct consumer_record *record,
		     struct ztp_error *error)
{
	return without(WITHOUT_HOLD)
		       ? 0
		       : __real_held_keep(b, request_id, record, error);
}

void __real_standby_tell(struct standby *s, enum ztp_role_event event,
			 bool left, const char *why);
void __wrap_standby_tell(struct standby *s, enum ztp_role_event event,
			 bool left, const char *why);
void __wrap_standby_tell(struct standby *s, enum ztp_role_event event,
			 bool left, const char *why)
{
	__real_standby_tell(s, event, left || without(WITHOUT_WAIT), why);
}

/* The question is answered before it has been asked. */
unsigned __real_ztp_role_on(struct ztp_role *role, enum ztp_role_event event,
			    const struct ztp_role_facts *facts);
unsigned __wrap_ztp_role_on(struct ztp_role *role, enum ztp_role_event event,
			    const struct ztp_role_facts *facts);
unsigned __wrap_ztp_role_on(struct ztp_role *role, enum ztp_role_event event,
			    const struct ztp_role_facts *facts)
{
	unsigned actions = __real_ztp_role_on(role, event, facts);

	if (!without(WITHOUT_CHECK) || !(actions & ZTP_ROLE_CHECK))
		return actions;
	return (actions & ~(unsigned)ZTP_ROLE_CHECK) |
	       __real_ztp_role_on(role, ZTP_ROLE_ON_MEMBER, facts);
}

bool __real_consumer_reached(const struct consumer *c,
			     const struct probe_end_offsets *ends);
bool __wrap_consumer_reached(const struct consumer *c,
			     const struct probe_end_offsets *ends);
bool __wrap_consumer_reached(const struct consumer *c,
			     const struct probe_end_offsets *ends)
{
	return without(WITHOUT_ENDS) || __real_consumer_reached(c, ends);
}

int __real_store_request_unasked(struct store *store,
				 const struct store_late *late,
				 struct ztp_error *error);
int __wrap_store_request_unasked(struct store *store,
				 const struct store_late *late,
				 struct ztp_error *error);
int __wrap_store_request_unasked(struct store *store,
				 const struct store_late *late,
				 struct ztp_error *error)
{
	return without(WITHOUT_LATE)
		       ? 0
		       : __real_store_request_unasked(store, late, error);
}
