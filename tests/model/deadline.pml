/*
 * A request that expires: DEADLINE, a variant of its own. Requests share one
 * deadline, which passes at any time; the customer's transactions stay open as
 * long as they like.
 *
 * The bridge asks for the end of ztp.decisions when the deadline is over, and
 * lets a request expire in a turn whose position has reached that end.
 */
#ifdef DEADLINE
bool overdue;
bool knows_end[2];
byte end_of_decisions[2];
byte in_time;		/* ids whose answer was there before the deadline */

active proctype deadline()
{
	overdue = true
}

active proctype customer_commits()
{
	do
	:: atomic { decisions_stable < decision_count ->
		decisions_stable = decision_count }
	od
}

#ifdef WITHOUT_OPEN_HOLDS_BACK
#define END_OF_DECISIONS decisions_stable
#else
#define END_OF_DECISIONS decision_count
#endif
#ifdef WITHOUT_REACHING_END
#define END_REACHED(x, rows) true
#else
#define END_REACHED(x, rows) (rows[x].at_decision >= end_of_decisions[x])
#endif

#define UNDECIDED(x, rows) \
	(rows[x].asked & ~(rows[x].approved | rows[x].ended | rows[x].expired))
#define OVERDUE(x) \
	(knows_end[x] && UNDECIDED(x, believed) != 0 && \
	 END_REACHED(x, believed))

#define LEARN_END(x) \
	:: atomic { step[x] == SERVING && overdue && !knows_end[x] -> \
		knows_end[x] = true; \
		end_of_decisions[x] = END_OF_DECISIONS }

#define DEADLINE_ENDS(x) \
	:: knows_end[x] && UNDECIDED(x, turn) != 0 && \
	   END_REACHED(x, turn) -> \
		turn[x].expired = turn[x].expired | UNDECIDED(x, turn); \
		some = true

inline deadline_kept(x)
{
	in_time = in_time & ~unknowns[x];
	PROMISE(deadline_heard,
		(turn[x].expired & ~believed[x].expired & in_time) == 0)
}

#define ANSWERED(id) \
	if \
	:: !overdue -> in_time = in_time | BIT(id) \
	:: else \
	fi
#define FORGET_END(x) knows_end[x] = false; end_of_decisions[x] = 0
#else
#define OVERDUE(x) false
#define LEARN_END(x)
#define DEADLINE_ENDS(x)
#define deadline_kept(x)
#define ANSWERED(id)
#define FORGET_END(x)
#endif
