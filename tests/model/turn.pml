/*
 * A turn of the active bridge: collect, apply, produce; commit; tell.
 *
 * Collecting, applying and producing are one step: only the records that a
 * read_uncommitted consumer sees come of it. A consumer who sees some of them
 * does no more than one who sees all, since it need not answer yet.
 */

/* The 60 s are over, which is a step only where it makes a difference: something
 * is held, or would be. What is held has no request. */
inline end_window(x)
{
	turn[x].holding = false;
	results[x] = results[x] | turn[x].held;
	unknowns[x] = unknowns[x] | turn[x].held;
	turn[x].held = 0
}

/* What a decision does. */
inline decide(x, id)
{
	if
	:: HAS(turn[x].asked, id) ->
		results[x] = results[x] | BIT(id);
		if
		:: HAS(turn[x].approved | turn[x].ended | turn[x].expired,
		       id)
		:: else ->
			if
			:: turn[x].approved == 0 ->
				turn[x].approved = BIT(id);
				/* the first one wins */
				turn[x].ended = turn[x].asked &
					~(turn[x].approved | turn[x].expired)
			:: else -> turn[x].ended = turn[x].ended | BIT(id)
			fi
		fi
#ifndef WITHOUT_HELD
	:: !HAS(turn[x].asked, id) && turn[x].holding ->
		turn[x].held = turn[x].held | BIT(id)
	:: !HAS(turn[x].asked, id) ->
		end_window(x);
#else
	:: else ->
#endif
		results[x] = results[x] | BIT(id);
		unknowns[x] = unknowns[x] | BIT(id)
	fi
}

/* What entry `e` of journal `j` does. */
inline take(x, j, e)
{
	id = ID(journal[j].input[e], j);
#ifdef WITHOUT_SAME_IDS
	if
	:: wait_mark[x] != 0 || wait_handed[x] != 0 ->
		id = ID(journal[j].input[e], JOURNALS - 1)
	:: else
	fi;
#endif
	turn[x].mark[j] = e + 1;
	if
#ifndef WITHOUT_OLD_CHANGES_NOTHING
	:: turn[x].asked & IDS_OF(journal[j].input[e])
#endif
	:: else ->
		turn[x].asked = turn[x].asked | BIT(id);
		asks[x] = asks[x] | BIT(id);
		if
		:: HAS(turn[x].held, id) ->
			turn[x].held = turn[x].held & ~BIT(id);
			decide(x, id)
		:: else
		fi
	fi;
	id = 0
}

#ifdef WITHOUT_MARK
#define TAKEN(x, j, e) false
#else
#define TAKEN(x, j, e) (e < turn[x].mark[j])
#endif

/* The next entry of ztp.journal. */
inline take_handed(x)
{
	j = handed_journal[turn[x].at_journal];
	e = handed_entry[turn[x].at_journal];
	turn[x].at_journal++;
	if
	:: TAKEN(x, j, e)
	:: else -> take(x, j, e)
	fi;
	j = 0;
	e = 0
}

#define OWN(x, rows) (rows[x].mark[journal_of[x]] < ENTRIES(x))
#define HANDED_ON(x, rows) (rows[x].at_journal < handed_count)
#ifdef WITHOUT_WAIT_AFTER_ABORT
#define DECIDED(x, rows) (rows[x].at_decision < decisions_stable)
#else
#define DECIDED(x, rows) \
	(rows[x].at_decision < decisions_stable && \
	 rows[x].mark[journal_of[x]] >= wait_mark[x] && \
	 rows[x].at_journal >= wait_handed[x])
#endif

/*
 * A turn without anything to do, which writes `active`: to leave, because the
 * lease has run out, or because intake is to be connected again. The one of
 * each second changes nothing if it is committed, so it is only a step if it
 * is not.
 */
#define WANTS_ROW(x) \
	(leaving[x] || lease[x] == NONE || producer != x || \
	 (!connected[x] && !may_connect[x]))

#ifdef WITHOUT_LAST_TURN
#define LAST_TURN_LACKS(x) false
#else
#define LAST_TURN_LACKS(x) (leaving[x] && OWN(x, turn))
#endif

inline begin_turn(x)
{
	rows_copy(turn[x], believed[x]);
	begun[x] = NEWER;
	after_loss[x] = true;
	some = WANTS_ROW(x);
	do
	:: OWN(x, turn) ->
		e = turn[x].mark[journal_of[x]];
		take(x, journal_of[x], e);
		e = 0;
		some = true
	:: HANDED_ON(x, turn) -> take_handed(x); some = true
	:: DECIDED(x, turn) ->
		decide(x, decisions[turn[x].at_decision]);
		turn[x].at_decision++;
		some = true
	:: turn[x].held != 0 -> end_window(x)
	DEADLINE_ENDS(x)
	:: some && !LAST_TURN_LACKS(x) -> break
	od;
	some = false;
	turn[x].left = leaving[x]
}

/* The turn is undone here; Kafka has undone it, or does. The turn that was
 * aborted before may have taken more than this one. */
#define MAX(a, b) (a > b -> a : b)
inline roll_back(x)
{
	wait_mark[x] = MAX(wait_mark[x], turn[x].mark[journal_of[x]]);
	wait_handed[x] = MAX(wait_handed[x], turn[x].at_journal);
	drop_turn(x);
	step[x] = SERVING
}

inline turn_known(x)
{
	rows_copy(believed[x], turn[x]);
#ifdef WITHOUT_POSITION_IN_ROWS
	committed.at_decision = turn[x].at_decision;
#endif
#ifdef WITHOUT_LEASE_FROM_BEGIN
	lease[x] = NEWER;
#else
	lease[x] = begun[x];
#endif
	may_connect[x] = may_connect[x] || after_loss[x];
	drop_turn(x);
	step[x] = EFFECTS
}
