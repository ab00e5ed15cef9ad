/* The broker's name is looked up by a thread, and the libraries are told one of
 * its addresses. The resolver is played. */
#include "scratch.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "bridge/mqtt/names.h"

#define HOST	      "broker.example"
#define ADDRESSES_MAX 16 /* names.c */
#define ADDRESSES     3
#define MANY	      20

/* --- the resolver */

static struct {
	pthread_mutex_t hangs;
	atomic_int asked;
	int rc, count;
	struct sockaddr_in addresses[MANY];
	struct addrinfo list[MANY];
} played = {.hangs = PTHREAD_MUTEX_INITIALIZER};

static int play(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **list)
{
	assert_string_equal(node, HOST);
	assert_null(service);
	assert_int_equal(hints->ai_socktype, SOCK_STREAM);
	atomic_fetch_add(&played.asked, 1);
	pthread_mutex_lock(&played.hangs);
	pthread_mutex_unlock(&played.hangs);
	for (int i = 0; i < played.count; i++) {
		struct sockaddr_in *to = &played.addresses[i];

		to->sin_family = AF_INET;
		to->sin_addr.s_addr = htonl(0xc0000201 + (uint32_t)i);
		played.list[i] = (struct addrinfo){
			.ai_addr = (struct sockaddr *)to,
			.ai_addrlen = sizeof(*to),
			.ai_next = i + 1 < played.count ? &played.list[i + 1]
							: NULL,
		};
	}
	*list = played.list;
	return played.rc;
}

void __wrap_freeaddrinfo(struct addrinfo *list);
void __wrap_freeaddrinfo(struct addrinfo *list)
{
	assert_ptr_equal(list, played.list);
}

/* --- */

struct both {
	struct config config;
	struct core core;
	struct log log;
	struct name *in, *out;
};

static void set_host(struct both *b, const char *host)
{
	struct ztp_error error;

	name_free(b->in);
	name_free(b->out);
	b->config.mqtt.host = (char *)(uintptr_t)host;
	assert_int_equal(name_new(&b->in, &b->core, "in", &error), 0);
	assert_int_equal(name_new(&b->out, &b->core, "out", &error), 0);
}

static int setup(void **state)
{
	struct both *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	log_init(&b->log, STDERR_FILENO, LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
	b->core.config = &b->config;
	b->core.log = &b->log;
	b->core.now = 1000;
	b->core.wake_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(b->core.wake_fd > 0);
	b->config.mqtt.names = names_new(play);
	assert_non_null(b->config.mqtt.names);
	set_host(b, HOST);
	played.rc = 0;
	played.count = ADDRESSES;
	atomic_store(&played.asked, 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct both *b = *state;

	name_free(b->in);
	name_free(b->out);
	names_free(b->config.mqtt.names);
	close(b->core.wake_fd);
	log_end(&b->log);
	free(b);
	return 0;
}

static void wait_for_answer(struct both *b)
{
	struct pollfd woken = {.fd = b->core.wake_fd, .events = POLLIN};
	uint64_t count;

	assert_int_equal(poll(&woken, 1, 20000), 1);
	assert_int_equal(read(woken.fd, &count, sizeof(count)), sizeof(count));
}

static void wait_until_asked(int times)
{
	while (atomic_load(&played.asked) < times)
		poll(NULL, 0, 1);
}

static enum name_state look_up(struct both *b, struct name *name)
{
	assert_int_equal(name_look_up(name), NAME_WAITS);
	wait_for_answer(b);
	return name_look_up(name);
}

/* What a library in this thread is told, or "". */
static const char *told(struct both *b, const char *host)
{
	static char address[NAME_ADDRESS_MAX];
	bool is_told;

	*address = '\0';
	is_told = names_told(b->config.mqtt.names, address, host);
	assert_int_equal(is_told, *address != '\0');
	return address;
}

static const char *told_here(struct both *b, struct name *name)
{
	const char *text;

	name_tell_here(name);
	text = told(b, HOST);
	name_done(name);
	return text;
}

/* --- */

static void an_address_needs_no_thread(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "::1", "2001:db8::1"};
	struct both *b = *state;

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		set_host(b, hosts[i]);
		assert_int_equal(name_look_up(b->out), NAME_FOUND);
		assert_int_equal(name_next(b->out, 5), 5);
		name_tell_here(b->out);
		name_tell_all(b->out);
		assert_string_equal(told(b, hosts[i]), "");
		name_done(b->out);
		name_worked(b->out);
	}
	assert_int_equal(atomic_load(&played.asked), 0);
}

static void one_thread_for_both_while_it_hangs(void **state)
{
	struct both *b = *state;

	pthread_mutex_lock(&played.hangs);
	assert_int_equal(name_look_up(b->out), NAME_WAITS);
	wait_until_asked(1);
	b->core.now += 100;
	assert_int_equal(name_look_up(b->in), NAME_WAITS);
	assert_int_equal(name_next(b->out, 1000), 6000);
	assert_int_equal(name_next(b->in, 1000), 6100);
	b->core.now = 5999;
	assert_false(name_is_unanswered(b->out));
	b->core.now = 6000;
	assert_int_equal(name_look_up(b->out), NAME_WAITS);
	assert_true(name_is_unanswered(b->out));
	assert_int_equal(name_next(b->out, 1000), 36000);
	/* Who gives up and asks again starts no other one. */
	name_forget(b->out);
	assert_false(name_is_unanswered(b->out));
	assert_int_equal(name_look_up(b->out), NAME_WAITS);
	assert_int_equal(atomic_load(&played.asked), 1);
	pthread_mutex_unlock(&played.hangs);
	wait_for_answer(b);
	assert_int_equal(name_look_up(b->out), NAME_FOUND);
	assert_int_equal(name_look_up(b->in), NAME_FOUND);
	assert_int_equal(atomic_load(&played.asked), 1);
}

static void its_end_does_not_wait(void **state)
{
	struct both *b = *state;

	pthread_mutex_lock(&played.hangs);
	assert_int_equal(name_look_up(b->out), NAME_WAITS);
	wait_until_asked(1);
	name_free(b->out);
	b->out = NULL;
	assert_int_equal(name_look_up(b->in), NAME_WAITS);
	pthread_mutex_unlock(&played.hangs);
	wait_for_answer(b);
	assert_int_equal(name_look_up(b->in), NAME_FOUND);
}

static void the_addresses_are_tried_in_turn(void **state)
{
	static const char *const turn[] = {"192.0.2.1", "192.0.2.2",
					   "192.0.2.3", "192.0.2.1",
					   "192.0.2.2"};
	struct both *b = *state;

	for (size_t i = 0; i < sizeof(turn) / sizeof(*turn); i++) {
		assert_int_equal(look_up(b, b->out), NAME_FOUND);
		assert_string_equal(told_here(b, b->out), turn[i]);
	}
	/* What has worked is the first one, for the other connection, too. */
	name_worked(b->out);
	assert_int_equal(look_up(b, b->in), NAME_FOUND);
	assert_string_equal(told_here(b, b->in), "192.0.2.2");
	assert_int_equal(look_up(b, b->in), NAME_FOUND);
	assert_string_equal(told_here(b, b->in), "192.0.2.3");
	assert_int_equal(look_up(b, b->out), NAME_FOUND);
	assert_string_equal(told_here(b, b->out), "192.0.2.2");
	assert_int_equal(atomic_load(&played.asked), 8);
}

static void the_others_may_be_tried_at_once(void **state)
{
	struct both *b = *state;

	assert_int_equal(look_up(b, b->out), NAME_FOUND);
	assert_string_equal(told_here(b, b->out), "192.0.2.1");
	assert_true(name_another(b->out));
	assert_string_equal(told_here(b, b->out), "192.0.2.2");
	assert_true(name_another(b->out));
	assert_string_equal(told_here(b, b->out), "192.0.2.3");
	assert_false(name_another(b->out));
	/* Meanwhile nobody knows it any more. */
	assert_int_equal(look_up(b, b->out), NAME_FOUND);
	played.rc = EAI_NONAME;
	assert_int_equal(look_up(b, b->in), NAME_UNKNOWN);
	assert_false(name_another(b->out));
	set_host(b, "127.0.0.1");
	assert_int_equal(name_look_up(b->out), NAME_FOUND);
	assert_false(name_another(b->out));
}

static void more_addresses_than_are_tried(void **state)
{
	struct both *b = *state;
	int tried[ADDRESSES_MAX + 1] = {0};

	played.count = MANY;
	for (int i = 0; i < 2 * ADDRESSES_MAX; i++) {
		const char *last;
		long n;

		assert_int_equal(look_up(b, b->out), NAME_FOUND);
		last = strrchr(told_here(b, b->out), '.');
		assert_non_null(last);
		n = strtol(last + 1, NULL, 10);
		assert_in_range(n, 1, ADDRESSES_MAX);
		tried[n]++;
	}
	for (int n = 1; n <= ADDRESSES_MAX; n++)
		assert_int_equal(tried[n], 2);
}

static void a_name_that_is_unknown(void **state)
{
	struct both *b = *state;

	played.rc = EAI_NONAME;
	assert_int_equal(look_up(b, b->out), NAME_UNKNOWN);
	assert_non_null(strstr(name_error(b->out), HOST ": "));
	assert_int_equal(name_next(b->out, 5), 5);
	played.rc = 0;
	assert_int_equal(look_up(b, b->out), NAME_FOUND);
}

static void *ask_elsewhere(void *arg)
{
	return (void *)(uintptr_t)told(arg, HOST);
}

static const char *told_elsewhere(struct both *b)
{
	pthread_t thread;
	void *text;

	assert_int_equal(pthread_create(&thread, NULL, ask_elsewhere, b), 0);
	assert_int_equal(pthread_join(thread, &text), 0);
	return text;
}

/* libmosquitto asks in the loop's thread, and paho in its own. */
static void each_library_is_told_its_own(void **state)
{
	struct both *b = *state;

	assert_string_equal(told(b, HOST), "");
	assert_int_equal(look_up(b, b->in), NAME_FOUND);
	assert_int_equal(look_up(b, b->out), NAME_FOUND);
	assert_int_equal(look_up(b, b->out), NAME_FOUND);
	name_tell_all(b->in);
	name_tell_here(b->out);
	assert_string_equal(told(b, HOST), "192.0.2.2");
	assert_string_equal(told_elsewhere(b), "192.0.2.1");
	assert_string_equal(told(b, "other.example"), "");
	name_done(b->out);
	assert_string_equal(told(b, HOST), "192.0.2.1");
}

/* A test of the bridge's own, or a simulation. */
static void without_a_resolver(void **state)
{
	struct both *b = *state;
	struct names *names = b->config.mqtt.names;

	b->config.mqtt.names = NULL;
	set_host(b, HOST);
	assert_int_equal(name_look_up(b->in), NAME_FOUND);
	name_forget(b->in);
	assert_int_equal(atomic_load(&played.asked), 0);
	b->config.mqtt.names = names;
}

static void too_long_a_name(void **state)
{
	struct both *b = *state;
	char host[300] = "";

	memset(host, 'a', sizeof(host) - 1);
	set_host(b, host);
	assert_int_equal(name_look_up(b->out), NAME_UNKNOWN);
	assert_int_equal(atomic_load(&played.asked), 0);
	set_host(b, HOST);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_address_needs_no_thread),
		T(one_thread_for_both_while_it_hangs),
		T(its_end_does_not_wait),
		T(the_addresses_are_tried_in_turn),
		T(the_others_may_be_tried_at_once),
		T(more_addresses_than_are_tried),
		T(a_name_that_is_unknown),
		T(each_library_is_told_its_own),
		T(without_a_resolver),
		T(too_long_a_name),
	};

	return cmocka_run_group_tests_name("bridge_mqtt_names", tests, NULL,
					   NULL);
}
