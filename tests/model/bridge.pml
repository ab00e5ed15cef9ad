/*
 * A bridge, step by step. It may stop before each of them.
 */

inline start(x)
{
	handed_over[x] = 0;
	step[x] = STANDBY
}

/* A pending event is in the journal. One that is in it already changes nothing,
 * so it is not written twice. */
inline receive(x, i)
{
	d_step {
		event[i] = RECEIVED;
#if INPUTS > 1
		if
		:: event[1] == UNBORN -> event[1] = QUEUED
		:: else
		fi;
#endif
		for (k : 0 .. (INPUTS - 1)) {
			if
			:: k < ENTRIES(x) && MY_INPUT(x, k) == i -> some = true
			:: else
			fi
		}
		k = 0;
		if
		:: some
		:: else -> MY_INPUT(x, ENTRIES(x)) = i; ENTRIES(x)++
		fi;
		some = false
	}
}

/* The oldest entry that this process has not written to ztp.journal, and that
 * its copy does not show as taken. The copy may be late. */
inline hand_over(x)
{
	e = handed_over[x];
	if
	:: e < committed.mark[journal_of[x]]	/* and the copy says so */
	:: true -> append_handed(x)
	fi;
	handed_over[x]++;
	e = 0
}

/* One that stands there and is not read yet is not written again, since the
 * mark would pass over the second one. */
inline append_handed(x)
{
	d_step {
		for (k : 0 .. (HANDED - 1)) {
			if
			:: k >= committed.at_journal && k < handed_count &&
			   handed_journal[k] == journal_of[x] &&
			   handed_entry[k] == e -> some = true
			:: else
			fi
		}
		k = 0;
		if
		:: some
		:: else ->
			assert(handed_count < HANDED);
			handed_journal[handed_count] = journal_of[x];
			handed_entry[handed_count] = e;
			handed_count++
		fi;
		some = false
	}
}

#ifdef WITHOUT_LEASE_FOR_INTAKE
#define MAY_RECEIVE(x) true
#else
#define MAY_RECEIVE(x) HAS_LEASE(x)
#endif
#ifdef WITHOUT_TURN_AFTER_LOSS	/* paho connects again by itself */
#define MAY_CONNECT(x) SERVES(x)
#else
#define MAY_CONNECT(x) (step[x] == SERVING && may_connect[x] && HAS_LEASE(x))
#endif

#define GIVEN(x, i) \
	(connected[x] && intake == x && event[i] == QUEUED && MAY_RECEIVE(x))
#define UNACKED(x, i) \
	(connected[x] && intake == x && event[i] == IN_FLIGHT)

proctype bridge(byte x)
{
	byte k, j, e, id;
	bool some;

	do
	:: atomic { step[x] == DOWN -> start(x) }

	/* standing by */
	:: atomic { step[x] == STANDBY && membership[x] == OUT ->
		was_assigned[x] = false;
		join(x) }
#ifndef WITHOUT_HANDING_OVER
	:: atomic { step[x] == STANDBY && handed_over[x] < ENTRIES(x) ->
		hand_over(x) }
#endif

	/* becoming active */
	:: atomic { step[x] == STANDBY && membership[x] == IN && first == x &&
		    !was_assigned[x] ->
		was_assigned[x] = true;
		READ_TOO_EARLY(x);
		step[x] = FENCING }
	:: atomic { step[x] == FENCING && INIT_ANSWERS ->
		init_transactions(x);
		step[x] = CLAIMING }
	:: atomic { step[x] == CLAIMING && END_IN_REACH ->
		if
		:: !SECOND_CHECK(x) -> give_up(x)
		:: SECOND_CHECK(x) && MAY_WRITE(x) -> READ(x); claim(x)
		:: SECOND_CHECK(x) && !MAY_WRITE(x) -> fenced(x)
		fi }
	:: atomic { step[x] == WAITING -> lease_passes(x); step[x] = EFFECTS }

	/* intake: a thread of its own, at any point of a turn */
	:: atomic { connected[x] && intake != x ->
		connected[x] = false;
		may_connect[x] = false;
		after_loss[x] = false }
	:: atomic { MAY_CONNECT(x) && !connected[x] && !cut_off[x] &&
		    !leaving[x] ->
		SILENT(x);
		connect(x) }
	:: atomic { GIVEN(x, 0) -> unleased(x, 0); receive(x, 0) }
#if INPUTS > 1
	:: atomic { GIVEN(x, 1) -> unleased(x, 1); receive(x, 1) }
#endif
#ifndef GATE
	:: atomic { UNACKED(x, 0) -> event[0] = DONE; all_safe() }
#if INPUTS > 1
	:: atomic { UNACKED(x, 1) -> event[1] = DONE; all_safe() }
#endif
#endif

	/* a turn */
	:: atomic { step[x] == SERVING && NO_MARKERS_DUE &&
		    (OWN(x, believed) || HANDED_ON(x, believed) ||
		     DECIDED(x, believed) || OVERDUE(x) ||
		     WANTS_ROW(x)) ->
		if
		:: MAY_WRITE(x) ->
			begin_turn(x);
			open[x] = true;
			shown = shown | asks[x];
			TELL_TOO_EARLY(x);
			step[x] = PRODUCED
#ifdef WITHOUT_ROW_IN_IDLE_TURN
		:: !MAY_WRITE(x) && !OWN(x, believed) &&
		   !HANDED_ON(x, believed) && !DECIDED(x, believed) ->
			lease[x] = NEWER;
			step[x] = EFFECTS
#endif
		:: !MAY_WRITE(x) -> fenced(x)
		fi }
	LEARN_END(x)
	:: atomic { step[x] == PRODUCED ->
		if
		:: MAY_WRITE(x) && open[x] ->
			open[x] = false;
			commit(x);
			all_safe();
			step[x] = COMMITTED
		:: else -> fenced(x)
		fi }
	/* Kafka's answer is on its way, also to who is fenced meanwhile. */
	:: atomic { step[x] == COMMITTED -> turn_known(x) }
#ifdef WITHOUT_ASKING_AGAIN_COMMITTED
	:: atomic { step[x] == PRODUCED -> turn_known(x) }
#endif
#ifdef WITHOUT_ASKING_AGAIN_ABORTED
	:: atomic { step[x] == COMMITTED -> roll_back(x) }
#endif
	/* It is lost, and the commit asked for again. */
	:: atomic { step[x] == COMMITTED && !MAY_WRITE(x) -> fenced(x) }
	:: atomic { step[x] == EFFECTS ->
		if
		:: HAS_LEASE(x) && TELLS(x) -> tell(x)
		:: else
		fi;
		if
		:: leaving[x] && believed[x].left -> leave(x)
		:: else -> step[x] = SERVING
		fi }

	/* Kafka tells it that it is out. */
	:: atomic { step[x] >= FENCING && membership[x] == OUT -> give_up(x) }
#ifndef WITHOUT_BACK_OF_LINE
	:: atomic { step[x] >= FENCING && cut_off[x] &&
		    membership[x] == IN && membership[OTHER(x)] == IN ->
		give_up(x);
		out_of_group(x) }
#endif
	od
}

/* The bridges are alike, so the one that joins first can be called the first.
 * There has been one before, which has left. */
init
{
	atomic {
		membership[0] = IN;
		first = 0;
		event[0] = QUEUED;
		committed.left = true;
		step[0] = STANDBY;
		step[1] = STANDBY;
		journal_of[1] = 1;
		run bridge(0);
		run bridge(1)
	}
}
