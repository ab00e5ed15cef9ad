/*
 * What is promised, each by a name. A promise that is broken ends the search
 * with "assertion violated" and its name.
 */
bool nothing_lost = true;
bool asked_once = true;
bool result_once = true;
bool answer_heard = true;
bool one_approval = true;
bool zombie_silent = true;
bool nobody_pushed_out = true;
bool deadline_heard = true;
bool one_active_in_the_end = true;
bool all_answered = true;
bool shown_again = true;

#define BROKEN(promise) promise = false; assert(promise)

#define PROMISE(promise, holds) \
	if \
	:: holds \
	:: else -> BROKEN(promise) \
	fi

/* What has been seen outside. No bridge reads any of it. */
byte shown;		/* ids that a read_uncommitted consumer has seen */
byte answered;		/* ids that the customer has answered */
byte announced;		/* inputs with a committed request record */
byte resulted;		/* ids whose decision has a committed result */
byte refused;		/* ids whose decision was an unknown_request */
byte told;		/* ids by which the device was told an approval */
byte late;		/* ids that the bridge before had shown, and not asked:
			 * 60 s may not be enough for their events */
byte wronged;		/* refused without that excuse */
byte excused;		/* inputs that only a lost disk had (no gate) */
byte late_ack;		/* inputs taken by a bridge without its lease */
