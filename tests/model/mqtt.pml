/*
 * The MQTT broker: the session of intake, whose queue goes to who connects
 * last, and what the gate offers.
 */
/*
 * An event that has not happened yet and one that waits in the queue are the
 * same to everybody, so both of them are there from the beginning. They are
 * alike, so that the one that is received first can be called the first.
 */
#define UNBORN 0
#define QUEUED 1	/* in the session's queue */
#define IN_FLIGHT 2	/* sent to the connection, no PUBACK yet */
#define DONE 3		/* PUBACK: the broker has forgotten it */
/* With the gate it is the same whether the session repeats an event or the gate
 * does, so there it is as well as acknowledged. */
#ifdef GATE
#define RECEIVED DONE
#else
#define RECEIVED IN_FLIGHT
#endif
byte event[INPUTS];

byte intake = NOBODY;	/* whose connection has the session */
bool connected[2];	/* who believes so */
bool cut_off[2];	/* for good, of the broker alone */
byte acked;		/* inputs that the gate offers no more: ackPending */

inline requeue()
{
	d_step {
		for (k : 0 .. (INPUTS - 1)) {
			if
			:: event[k] == IN_FLIGHT -> event[k] = QUEUED
			:: else
			fi
		}
		k = 0
	}
}

/*
 * The gate offers what is not acknowledged when intake subscribes. That it does
 * so at intervals as well adds nothing: an entry of a known id changes nothing.
 */
inline offer_again()
{
#ifdef GATE
	d_step {
		for (k : 0 .. (INPUTS - 1)) {
			if
			:: event[k] == DONE && !HAS(acked, k) ->
				event[k] = QUEUED
			:: else
			fi
		}
		k = 0
	}
#else
	skip
#endif
}

inline connect(x)
{
	intake = x;
	connected[x] = true;
	requeue();
	offer_again()
}

inline disconnect(x)
{
	connected[x] = false;
	if
	:: intake == x -> intake = NOBODY; requeue()
	:: else
	fi
}
