/*
 * A resolver that hangs, part of libcrash.so. Names below "ztp.test" are this
 * machine's, and whoever asks for one waits for as long as the page says so.
 * "two.ztp.test" has another address before that, where nobody listens, and
 * "none.ztp.test" is nobody's.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

#include "preload.h"

#define OURS	".ztp.test"
#define LOOK_NS 5000000

typedef int look_up(const char *node, const char *service,
		    const struct addrinfo *hints, struct addrinfo **list);

static look_up *real(void)
{
	void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
	look_up *function = NULL;

	memcpy(&function, &symbol, sizeof(function));
	return function;
}

static bool is_ours(const char *node)
{
	size_t len = node ? strlen(node) : 0, end = sizeof(OURS) - 1;

	return len > end && strcmp(node + len - end, OURS) == 0;
}

static void hang(struct control *control)
{
	const struct timespec look = {.tv_nsec = LOOK_NS};

	__atomic_add_fetch(&control->names_asked, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&control->names_hang, __ATOMIC_SEQ_CST))
		(void)nanosleep(&look, NULL);
}

int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **list)
{
	struct addrinfo *first, *last;
	int rc;

	if (!is_ours(node))
		return real()(node, service, hints, list);
	hang(preload_control());
	if (strcmp(node, "none" OURS) == 0)
		return EAI_NONAME;
	rc = real()("127.0.0.1", service, hints, list);
	if (rc != 0 || strcmp(node, "two" OURS) != 0 ||
	    real()("127.0.0.2", service, hints, &first) != 0)
		return rc;
	for (last = first; last->ai_next; last = last->ai_next)
		;
	last->ai_next = *list; /* glibc frees them one by one */
	*list = first;
	return 0;
}
