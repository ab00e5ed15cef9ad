/*
 * The rows of ztp.state. A set is a mask of request ids.
 */
typedef Rows {
	byte mark[JOURNALS];	/* j/{journal}: how many entries are taken */
	byte at_decision;	/* at/{partition} */
	byte at_journal;	/* at/journal: position in ztp.journal */
	byte asked;		/* r/{id}: there is a request */
	byte approved;		/* r/{id}: approved, the device is owed it */
	byte ended;		/* r/{id}: ended without effect: a conflict */
	byte expired;		/* r/{id}: ended by its deadline */
	byte held;		/* held/{id}: a decision before its request */
	bool left;		/* active: it left by itself */
	bool holding		/* active: the 60 s of held decisions */
};

/* What is committed, and for each bridge what it believes to be, and the turn
 * that it is making of that. */
Rows committed;
Rows believed[2];
Rows turn[2];

inline rows_copy(to, from)
{
	d_step {
		for (k : 0 .. (JOURNALS - 1)) {
			to.mark[k] = from.mark[k]
		}
		k = 0;
		to.at_decision = from.at_decision;
		to.at_journal = from.at_journal;
		to.asked = from.asked;
		to.approved = from.approved;
		to.ended = from.ended;
		to.expired = from.expired;
		to.held = from.held;
		to.left = from.left;
		to.holding = from.holding
	}
}

inline rows_forget(rows)
{
	d_step {
		for (k : 0 .. (JOURNALS - 1)) {
			rows.mark[k] = 0
		}
		k = 0;
		rows.at_decision = 0;
		rows.at_journal = 0;
		rows.asked = 0;
		rows.approved = 0;
		rows.ended = 0;
		rows.expired = 0;
		rows.held = 0;
		rows.left = false;
		rows.holding = false
	}
}

#define PUT(field, x) \
	if \
	:: turn[x].field != believed[x].field -> \
		committed.field = turn[x].field \
	:: else \
	fi

/* In a set each id is a row of its own. */
#define PUT_SET(set, x) \
	committed.set = (committed.set & \
			 ~(turn[x].set ^ believed[x].set)) | \
			(turn[x].set & (turn[x].set ^ believed[x].set))

/* A transaction writes the rows that its turn changed, and no others. */
inline rows_commit(x)
{
	d_step {
		for (k : 0 .. (JOURNALS - 1)) {
			PUT(mark[k], x)
		}
		k = 0;
#ifndef WITHOUT_POSITION_IN_ROWS
		PUT(at_decision, x);
#endif
		PUT(at_journal, x);
		PUT(left, x);
		PUT(holding, x);
		PUT_SET(asked, x);
		PUT_SET(approved, x);
		PUT_SET(ended, x);
		PUT_SET(expired, x);
		PUT_SET(held, x)
	}
}

/* The records of each bridge's turn, as sets of ids. */
byte asks[2];		/* requests */
byte results[2];	/* results of decisions */
byte unknowns[2];	/* of those, unknown_request */
