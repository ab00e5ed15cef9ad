/*
 * Who is no longer active, and what it does before anything else: disconnect.
 */
inline drop_turn(x)
{
	rows_forget(turn[x]);
	asks[x] = 0;
	results[x] = 0;
	unknowns[x] = 0;
	begun[x] = NONE;
	after_loss[x] = false
}

inline close(x)
{
	disconnect(x);
	drop_turn(x);
	rows_forget(believed[x]);
	lease[x] = NONE;
	FORGET_END(x);
	may_connect[x] = false;
	wait_mark[x] = 0;
	wait_handed[x] = 0
}

inline give_up(x)
{
	close(x);
	was_assigned[x] = false;
	step[x] = STANDBY
}

inline leave(x)
{
	give_up(x);
	leaving[x] = false;
	out_of_group(x);
	step[x] = DOWN
}

#ifdef WITHOUT_READING_AFTER_FENCE
#define READ_TOO_EARLY(x) rows_copy(believed[x], committed)
#define READ(x)
#else
#define READ_TOO_EARLY(x)
#define READ(x) read_state(x)
#endif

#ifdef WITHOUT_FIRST_CHECK
#define FENCED_CHECK(x) true
#else
#define FENCED_CHECK(x) (membership[x] == IN)
#endif
#ifdef WITHOUT_SECOND_CHECK
#define SECOND_CHECK(x) true
#else
#define SECOND_CHECK(x) (membership[x] == IN)
#endif
#ifdef WITHOUT_TRYING_AGAIN	/* fenced is taken for: another is active */
#define FENCED_GOES_ON(x) step[x] = STANDBY
#else
#define FENCED_GOES_ON(x) READ_TOO_EARLY(x); step[x] = FENCING
#endif

/* Kafka refuses this epoch: somebody else is active, or it was a timeout. The
 * check is one step with the answer: who stops between them fails it. */
inline fenced(x)
{
	if
	:: leaving[x] -> leave(x)
	:: !leaving[x] && FENCED_CHECK(x) ->
		close(x);
		FENCED_GOES_ON(x)
	:: !leaving[x] && !FENCED_CHECK(x) -> give_up(x)
	fi
}
