#include "bridge/http/http_aside.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PULSE_MS 1000

struct http_aside {
	struct http *http;
	http_aside_pulse *pulse;
	void *arg;
	pthread_mutex_t mutex;
	pthread_t thread;
	bool started;
	int wake_fd;
	/* Under the lock. */
	bool away, ending;
};

/* Until when it waits: a client may have a time. */
static int wait_ms(const struct http_aside *a)
{
	int64_t ms = a->away && a->http ? http_timeout_ms(a->http) : -1;

	return ms >= 0 && ms < PULSE_MS ? (int)ms : PULSE_MS;
}

static void clear(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; /* nothing was written */
}

/* While the loop is not away, this thread waits for the lock as soon as somebody
 * asks; the loop answers, and this one finds nothing to do later. */
static void *serve(void *arg)
{
	struct http_aside *a = arg;
	struct pollfd fds[] = {
		{.fd = a->http ? http_fd(a->http) : -1, .events = POLLIN},
		{.fd = a->wake_fd, .events = POLLIN}};
	int wait = PULSE_MS;
	bool ending = false;

	while (!ending) {
		(void)poll(fds, 2, wait);
		pthread_mutex_lock(&a->mutex);
		clear(a->wake_fd);
		ending = a->ending;
		if (!ending && a->away) {
			if (a->http)
				http_run(a->http);
			a->pulse(a->arg);
		}
		wait = wait_ms(a);
		pthread_mutex_unlock(&a->mutex);
	}
	return NULL;
}

int http_aside_new(struct http_aside **out, struct http *http,
		   http_aside_pulse *pulse, void *arg, struct ztp_error *error)
{
	struct http_aside *a = calloc(1, sizeof(*a));
	int rc;

	if (!a)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	*a = (struct http_aside){.http = http, .pulse = pulse, .arg = arg};
	pthread_mutex_init(&a->mutex, NULL);
	pthread_mutex_lock(&a->mutex);
	a->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	rc = a->wake_fd < 0 ? errno
			    : pthread_create(&a->thread, NULL, serve, a);
	a->started = a->wake_fd >= 0 && rc == 0;
	if (a->started) {
		*out = a;
		return 0;
	}
	http_aside_free(a);
	return ztp_fail(error, ZTP_ERR_IO, "http: %s", strerror(rc));
}

static void wake(struct http_aside *a)
{
	static const uint64_t one = 1;

	if (write(a->wake_fd, &one, sizeof(one)) < 0)
		return; /* it is written already */
}

void http_aside_free(struct http_aside *a)
{
	if (!a)
		return;
	a->ending = true;
	pthread_mutex_unlock(&a->mutex);
	if (a->started) {
		wake(a);
		pthread_join(a->thread, NULL);
	}
	if (a->wake_fd >= 0)
		close(a->wake_fd);
	pthread_mutex_destroy(&a->mutex);
	free(a);
}

void http_aside_away(struct http_aside *a)
{
	if (!a || a->away)
		return;
	if (a->http)
		http_leave(a->http);
	a->away = true;
	pthread_mutex_unlock(&a->mutex);
}

/* Only the loop thread writes `away`, so it may look at it without the lock. */
void http_aside_back(struct http_aside *a)
{
	if (!a || !a->away)
		return;
	pthread_mutex_lock(&a->mutex);
	a->away = false;
	if (a->http)
		http_return(a->http);
}
