#include "bridge/mqtt/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES_MAX 16 /* of one name; those beyond are not tried */
#define HOST_MAX      256
#define UNANSWERED_MS 5000
#define LOG_MS	      30000

struct name {
	struct core *core;
	struct names *names; /* NULL: nothing is looked up */
	const char *connection;
	bool waits;
	uint64_t wanted; /* the answer with this number, or a later one */
	int64_t since, next;
	unsigned tries; /* since the connection came up last */
	size_t others;	/* addresses that this look-up has told of besides */
	char address[NAME_ADDRESS_MAX];
	char error[328];
	struct name *after;
};

struct told {
	char host[HOST_MAX], address[NAME_ADDRESS_MAX];
};

struct names {
	names_look_up *look_up;
	pthread_mutex_t lock; /* guards what follows */
	bool busy;	      /* the thread is at it */
	char host[HOST_MAX];
	uint64_t answers; /* counted; what follows is of the latest */
	int rc;		  /* 0 or EAI_* */
	size_t count;
	char addresses[ADDRESSES_MAX][NAME_ADDRESS_MAX];
	char worked[NAME_ADDRESS_MAX]; /* last */
	struct told all;	       /* threads are told this, */
	struct told here;	       /* but that one */
	pthread_t thread;
	struct name *first;
};

static const char *host_of(const struct name *n)
{
	return n->core->config->mqtt.host;
}

/* --- what the libraries are told */

static void tell(struct told *told, const char *host, const char *address)
{
	snprintf(told->host, sizeof(told->host), "%s", host);
	snprintf(told->address, sizeof(told->address), "%s", address);
}

static bool is_of(const struct told *told, const char *host)
{
	return *told->address && strcmp(told->host, host) == 0;
}

bool names_told(struct names *names, char address[NAME_ADDRESS_MAX],
		const char *host)
{
	const struct told *told;
	bool is_told;

	pthread_mutex_lock(&names->lock);
	told = is_of(&names->here, host) &&
			       pthread_equal(names->thread, pthread_self())
		       ? &names->here
		       : &names->all;
	is_told = is_of(told, host);
	if (is_told)
		memcpy(address, told->address, sizeof(told->address));
	pthread_mutex_unlock(&names->lock);
	return is_told;
}

/* --- the thread */

static void take_addresses(struct names *names, const struct addrinfo *list)
{
	names->count = 0;
	for (; list && names->count < ADDRESSES_MAX; list = list->ai_next)
		if (getnameinfo(list->ai_addr, list->ai_addrlen,
				names->addresses[names->count],
				NAME_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) == 0)
			names->count++;
	if (names->count == 0 && names->rc == 0)
		names->rc = EAI_NONAME;
}

static void wake_those_who_wait(const struct names *names)
{
	const uint64_t one = 1;
	const struct name *n;

	for (n = names->first; n; n = n->after)
		if (n->waits && n->core->wake_fd > 0 &&
		    write(n->core->wake_fd, &one, sizeof(one)) < 0)
			continue; /* the counter is full: it is awake */
}

static void *run(void *arg)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	struct names *names = arg;
	/* Nobody writes it while this is under way. */
	int rc = names->look_up(names->host, NULL, &hints, &list);

	pthread_mutex_lock(&names->lock);
	names->busy = false;
	names->answers++;
	names->rc = rc;
	take_addresses(names, rc == 0 ? list : NULL);
	wake_those_who_wait(names);
	pthread_mutex_unlock(&names->lock);
	if (rc == 0)
		freeaddrinfo(list);
	return NULL;
}

/* Returns 0 or an errno. */
static int start(struct names *names, const char *host)
{
	pthread_t thread;
	int rc;

	snprintf(names->host, sizeof(names->host), "%s", host);
	rc = pthread_create(&thread, NULL, run, names);
	if (rc != 0)
		return rc;
	pthread_detach(thread);
	names->busy = true;
	return 0;
}

/* --- the loop */

static enum name_state fail(struct name *n, const char *why)
{
	snprintf(n->error, sizeof(n->error), "%.200s: %.120s", host_of(n), why);
	n->waits = false;
	return NAME_UNKNOWN;
}

/* The thread may be at it already, for the other connection. */
static enum name_state begin(struct name *n)
{
	int rc;

	if (strlen(host_of(n)) >= HOST_MAX)
		return fail(n, "no name is as long");
	rc = n->names->busy ? 0 : start(n->names, host_of(n));
	if (rc != 0)
		return fail(n, strerror(rc));
	n->wanted = n->names->answers + 1;
	n->waits = true;
	n->since = n->core->now;
	n->next = n->since + UNANSWERED_MS;
	return NAME_WAITS;
}

static void choose(struct name *n)
{
	const struct names *names = n->names;
	size_t first = 0;

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->addresses[i], names->worked) == 0)
			first = i;
	snprintf(n->address, sizeof(n->address), "%s",
		 names->addresses[(first + n->tries++) % names->count]);
}

static enum name_state take(struct name *n)
{
	n->waits = false;
	n->others = n->names->count - 1;
	choose(n);
	return NAME_FOUND;
}

static enum name_state step(struct name *n)
{
	const struct names *names = n->names;

	if (!n->waits)
		return begin(n);
	if (names->answers < n->wanted)
		return NAME_WAITS;
	return names->rc == 0 ? take(n) : fail(n, gai_strerror(names->rc));
}

enum name_state name_look_up(struct name *n)
{
	enum name_state state;

	if (!n->names)
		return NAME_FOUND;
	pthread_mutex_lock(&n->names->lock);
	state = step(n);
	pthread_mutex_unlock(&n->names->lock);
	if (state == NAME_WAITS && n->core->now >= n->next) {
		log_warn(n->core->log, "mqtt_name_unanswered",
			 LOG_STR("connection", n->connection),
			 LOG_STR("host", host_of(n)),
			 LOG_INT("waited_ms", n->core->now - n->since));
		n->next = n->core->now + LOG_MS;
	}
	return state;
}

/* The other connection may have looked it up once more. */
bool name_another(struct name *n)
{
	bool found;

	if (!n->names || n->others == 0)
		return false;
	n->others--;
	pthread_mutex_lock(&n->names->lock);
	found = n->names->count > 0;
	if (found)
		choose(n);
	pthread_mutex_unlock(&n->names->lock);
	return found;
}

void name_forget(struct name *n)
{
	if (!n->waits)
		return;
	pthread_mutex_lock(&n->names->lock);
	n->waits = false;
	pthread_mutex_unlock(&n->names->lock);
}

int64_t name_next(const struct name *n, int64_t at)
{
	return n->waits && at <= n->core->now ? n->next : at;
}

const char *name_error(const struct name *n)
{
	return n->error;
}

bool name_is_unanswered(const struct name *n)
{
	return n->waits && n->core->now - n->since >= UNANSWERED_MS;
}

void name_tell_here(const struct name *n)
{
	if (!n->names)
		return;
	pthread_mutex_lock(&n->names->lock);
	tell(&n->names->here, host_of(n), n->address);
	n->names->thread = pthread_self();
	pthread_mutex_unlock(&n->names->lock);
}

void name_tell_all(const struct name *n)
{
	if (!n->names)
		return;
	pthread_mutex_lock(&n->names->lock);
	tell(&n->names->all, host_of(n), n->address);
	pthread_mutex_unlock(&n->names->lock);
}

void name_done(const struct name *n)
{
	if (!n->names)
		return;
	pthread_mutex_lock(&n->names->lock);
	n->names->here.address[0] = '\0';
	pthread_mutex_unlock(&n->names->lock);
}

void name_worked(struct name *n)
{
	if (!n->names)
		return;
	n->tries = 0;
	pthread_mutex_lock(&n->names->lock);
	snprintf(n->names->worked, sizeof(n->names->worked), "%s", n->address);
	pthread_mutex_unlock(&n->names->lock);
}

/* --- from start to end */

struct names *names_new(names_look_up *look_up)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->look_up = look_up;
	pthread_mutex_init(&names->lock, NULL);
	return names;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	pthread_mutex_destroy(&names->lock);
	free(names);
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 ||
	       inet_pton(AF_INET6, host, bytes) == 1;
}

int name_new(struct name **out, struct core *core, const char *connection,
	     struct ztp_error *error)
{
	struct name *n = calloc(1, sizeof(*n));

	if (!n)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	*out = n;
	n->core = core;
	n->connection = connection;
	if (is_address(host_of(n)) || !core->config->mqtt.names)
		return 0;
	n->names = core->config->mqtt.names;
	pthread_mutex_lock(&n->names->lock);
	n->after = n->names->first;
	n->names->first = n;
	pthread_mutex_unlock(&n->names->lock);
	return 0;
}

static void leave(struct name *n)
{
	struct name **at = &n->names->first;

	pthread_mutex_lock(&n->names->lock);
	while (*at && *at != n)
		at = &(*at)->after;
	if (*at)
		*at = n->after;
	pthread_mutex_unlock(&n->names->lock);
}

void name_free(struct name *n)
{
	if (n && n->names)
		leave(n);
	free(n);
}
