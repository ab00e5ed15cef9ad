/*
 * Who is assigned becomes active.
 */
/* Whom Kafka refuses at its next step looks at nothing that it knows before it
 * has read the state again. To forget it now joins states that are the same. */
inline forget_fenced(y)
{
#ifndef WITHOUT_FENCE
	if
	:: step[y] == PRODUCED || step[y] == SERVING ->
		drop_turn(y);
		rows_forget(believed[y]);
		may_connect[y] = false;
		wait_mark[y] = 0;
		wait_handed[y] = 0;
		step[y] = SERVING
	:: else
	fi
#else
	skip
#endif
}

/* Ends what the one before left open, and fences it. */
inline init_transactions(x)
{
#ifdef WITHOUT_FENCE
	open[x] = false;
#else
	open[0] = false;
	open[1] = false;
#endif
	producer = x;
	forget_fenced(OTHER(x));
	if
	:: begun[OTHER(x)] == NEWER -> begun[OTHER(x)] = OLDER
	:: else
	fi;
	if
	:: lease[OTHER(x)] == NEWER -> lease[OTHER(x)] = OLDER
	:: else
	fi
}

/* A lease has passed since then. */
inline lease_passes(x)
{
	if
	:: begun[OTHER(x)] == OLDER -> begun[OTHER(x)] = NONE
	:: else
	fi;
	if
	:: lease[OTHER(x)] == OLDER -> lease[OTHER(x)] = NONE
	:: else
	fi
}

/* `left` does not end the 60 s that began with somebody's takeover. */
#ifdef WITHOUT_WINDOW_KEPT
#define LEFT_AND_HOLDING committed.holding = false; late = 0
#else
#define LEFT_AND_HOLDING skip
#endif

/* The first transaction. Commands and acknowledgements that are owed follow. */
inline claim(x)
{
	if
#ifndef WITHOUT_WAIT_FOR_LEASE
	:: !believed[x].left -> step[x] = WAITING
#endif
	:: else -> step[x] = EFFECTS
	fi;
#ifndef WITHOUT_ROW_ACTIVE
	if
	:: !believed[x].left ->
		committed.holding = true;
		late = shown & ~committed.asked
	:: else -> LEFT_AND_HOLDING
	fi;
	committed.left = false;
	believed[x].left = false;
	believed[x].holding = committed.holding;
#endif
	lease[x] = NEWER;
	may_connect[x] = true
}
