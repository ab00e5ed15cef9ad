/*
 * The broker's loop looks at its plugins when its wait for sockets ends, which a
 * signal does. SIGURG is ignored by default and used by nobody in the broker; a
 * handler that another plugin has set does as well as ours. A signal that comes
 * between the tick and the wait is lost, so whoever wakes does it again until
 * the broker's thread has looked.
 */
#include "gate/waking.h"

#include <signal.h>
#include <stddef.h>

#define WAKING SIGURG

static void woken(int number)
{
	(void)number;
}

/* Calls that it interrupts go on, except the wait for sockets. */
void ztp_waking_begin(void)
{
	struct sigaction old,
		action = {.sa_handler = woken, .sa_flags = SA_RESTART};
	sigset_t set;

	(void)sigemptyset(&action.sa_mask);
	if (sigaction(WAKING, NULL, &old) == 0 &&
	    !(old.sa_flags & SA_SIGINFO) &&
	    (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN))
		(void)sigaction(WAKING, &action, NULL);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, WAKING);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* The handler's code may be unloaded after this. */
void ztp_waking_end(void)
{
	struct sigaction old;

	if (sigaction(WAKING, NULL, &old) == 0 &&
	    !(old.sa_flags & SA_SIGINFO) && old.sa_handler == woken)
		(void)signal(WAKING, SIG_DFL);
}

void ztp_waking_wake(pthread_t broker)
{
	(void)pthread_kill(broker, WAKING);
}
