/*
 * Kafka: the transactional id, the group, and the topics of which an order
 * matters. Each answers as the contract tests found it (tests/cluster).
 *
 * There is one transactional id, so of the producer epochs only the newest is
 * of interest: who has it. A request of an older one is refused.
 */
byte producer = NOBODY;
bool open[2];		/* a transaction with records in it */

#ifdef WITHOUT_FENCE	/* each bridge has a transactional id of its own */
#define MAY_WRITE(x) true
#else
#define MAY_WRITE(x) (producer == x)
#endif

/*
 * The group. `first` is who has the partition. With member ids that begin with
 * the time of joining it stays with that bridge until that bridge is out, so
 * the order of two need not be kept beside it. FORMER: the bridge is dead or
 * has begun again, and Kafka has not noticed. (A bridge that comes back joins
 * behind the other one, so it may as well wait until Kafka has.)
 */
#define OUT 0
#define IN 1
#define FORMER 2
byte membership[2];
byte first = NOBODY;

inline join(x)
{
	membership[x] = IN;
	if
	:: first == NOBODY -> first = x
	:: else
#ifdef WITHOUT_JOINING_ORDER	/* the member ids begin with the instance */
		if
		:: x == 0 && first == 1 ->
			BROKEN(nobody_pushed_out)
		:: else
		fi
#endif
	fi
}

inline out_of_group(x)
{
	membership[x] = OUT;
	if
	:: first == x && membership[OTHER(x)] == OUT -> first = NOBODY
	:: first == x && membership[OTHER(x)] != OUT -> first = OTHER(x)
	:: else
	fi
}

/*
 * A transaction is committed when its coordinator says so, and can be read when
 * the markers are in every partition. init_transactions answers after that, so
 * that nobody sees the difference. MARKERS_LATE: a Kafka that answers before.
 */
#ifdef MARKERS_LATE
Rows readable;
bool markers_due;
#define INIT_ANSWERS true
#define NO_MARKERS_DUE (!markers_due)
#ifdef WITHOUT_UNCOMMITTED_END
#define END_IN_REACH true
#else
#define END_IN_REACH (!markers_due)
#endif

active proctype markers()
{
	byte k;

	do
	:: atomic { markers_due -> markers_due = false; rows_forget(readable) }
	od
}

inline read_state(x)
{
	if
	:: markers_due -> rows_copy(believed[x], readable)
	:: else -> rows_copy(believed[x], committed)
	fi
}
#else
#define INIT_ANSWERS true
#define NO_MARKERS_DUE true
#define END_IN_REACH true
#define read_state(x) rows_copy(believed[x], committed)
#endif

/*
 * A commit. Its records are the requests and results that the turn made;
 * `committed` is what a read_committed consumer sees.
 */
inline commit(x)
{
	d_step {
		refused = refused | unknowns[x];
		wronged = wronged | (unknowns[x] &
				     ~(turn[x].holding -> 0 : late));
		PROMISE(answer_heard, (asks[x] & wronged) == 0);
		PROMISE(result_once, (results[x] & resulted) == 0);
		resulted = resulted | results[x];
		answered = answered & ~(asks[x] & refused);
		resulted = resulted & ~(asks[x] & refused);
		refused = refused & ~asks[x];
		for (k : 0 .. (INPUTS - 1)) {
			if
			:: asks[x] & IDS_OF(k) ->
				PROMISE(asked_once, !HAS(announced, k));
				announced = announced | BIT(k)
			:: else
			fi
		}
		k = 0;
#ifdef MARKERS_LATE
		rows_copy(readable, committed);
		markers_due = true;
#endif
		rows_commit(x);
		deadline_kept(x);
		PROMISE(one_approval,
			(committed.approved & (committed.approved - 1)) == 0)
	}
}

/* The session timeout of who is dead. It cannot fail to come. */
active proctype sessions()
{
end:	do
	:: atomic { membership[0] == FORMER -> out_of_group(0) }
	:: atomic { membership[1] == FORMER -> out_of_group(1) }
	od
}
