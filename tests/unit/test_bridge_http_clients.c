/* Which connection gives way, when one's time is over, and which names a page
 * is given to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "bridge/http/http_clients.h"
#include "bridge/http/http_host.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX (HTTP_CLIENTS_MAX + 8)

struct fixture {
	struct http_clients clients;
	struct http_client *client[MAX];
	int ends[MAX][2];
	int count;
};

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct fixture));
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < f->count; i++) {
		http_clients_leave(&f->clients, f->client[i]);
		close(f->ends[i][0]);
		close(f->ends[i][1]);
	}
	assert_null(f->clients.first);
	assert_int_equal(f->clients.open, 0);
	assert_int_equal(f->clients.bytes, 0);
	free(f);
	return 0;
}

static int join(struct fixture *f, const char *address, int64_t now)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	bool is_six = strchr(address, ':');
	int i = f->count++;

	assert_true(i < MAX);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f->ends[i]), 0);
	assert_int_equal(inet_pton(is_six ? AF_INET6 : AF_INET, address,
				   is_six ? (void *)&six.sin6_addr
					  : (void *)&four.sin_addr),
			 1);
	f->client[i] = http_clients_join(&f->clients, f->ends[i][0],
					 is_six ? (struct sockaddr *)&six
						: (struct sockaddr *)&four,
					 now);
	assert_non_null(f->client[i]);
	assert_true(f->clients.open <= HTTP_CLIENTS_MAX);
	return i;
}

/* Its socket has been shut down. */
static bool ended(const struct fixture *f, int i)
{
	char c;
	ssize_t n = recv(f->ends[i][1], &c, 1, MSG_DONTWAIT);

	return n == 0;
}

static void fill(struct fixture *f, const char *address, int64_t now)
{
	while (f->clients.open < HTTP_CLIENTS_MAX)
		(void)join(f, address, now++);
}

static void the_oldest_gives_way(void **state)
{
	struct fixture *f = *state;
	int late;

	fill(f, "127.0.0.1", 1000);
	late = join(f, "127.0.0.1", 2000);
	assert_true(ended(f, 0));
	assert_false(ended(f, 1));
	assert_false(ended(f, late));
	http_clients_answer(&f->clients, f->client[1], 10, 2001);
	http_clients_answered(&f->clients, f->client[1], 2002);
	(void)join(f, "127.0.0.1", 2003);
	assert_false(ended(f, 1)); /* it has asked in the meantime */
	assert_true(ended(f, 2));
}

/* Who reads an answer is disturbed only if everybody does. */
static void readers_stay_longer(void **state)
{
	struct fixture *f = *state;

	fill(f, "127.0.0.1", 1000);
	for (int i = 0; i < HTTP_CLIENTS_MAX - 1; i++)
		http_clients_answer(&f->clients, f->client[i], 10, 1500 - i);
	(void)join(f, "127.0.0.1", 2000);
	assert_true(ended(f, HTTP_CLIENTS_MAX - 1));
	http_clients_answer(&f->clients, f->client[HTTP_CLIENTS_MAX], 10, 2001);
	(void)join(f, "127.0.0.1", 2000);
	assert_true(ended(f, HTTP_CLIENTS_MAX - 2)); /* has read for longest */
	assert_false(ended(f, 0));
}

/* An old connection from elsewhere does not pay for a busy address. */
static void the_busiest_address_pays(void **state)
{
	static const char *const others[][2] = {
		{"10.0.0.1", "::ffff:10.0.0.1"},
		{"2001:db8::1", "2001:db8::ffff:2"},
	};

	for (int i = 0; i < 2; i++) {
		struct fixture *f = *state;
		int first;

		first = join(f, "192.0.2.1", 0);
		fill(f, others[i][0], 1000);
		(void)join(f, others[i][1], 1000000);
		assert_false(ended(f, first));
		assert_true(ended(f, first + 1));
		(void)join(f, "192.0.2.2", 1000001);
		assert_false(ended(f, first));
		assert_true(ended(f, first + 2));
		teardown(state);
		setup(state);
	}
}

static void time_runs_whatever_comes(void **state)
{
	struct fixture *f = *state;
	int asks, reads;

	assert_int_equal(http_clients_next(&f->clients), INT64_MAX);
	asks = join(f, "127.0.0.1", 1000);
	reads = join(f, "127.0.0.1", 1000);
	http_clients_answer(&f->clients, f->client[reads], 7, 1000);
	assert_int_equal(http_clients_next(&f->clients), 1000 + HTTP_ASK_MS);
	http_clients_end_late(&f->clients, 1000 + HTTP_ASK_MS - 1);
	assert_false(ended(f, asks));
	http_clients_end_late(&f->clients, 1000 + HTTP_ASK_MS);
	assert_true(ended(f, asks));
	assert_false(ended(f, reads));
	assert_int_equal(http_clients_next(&f->clients), 1000 + HTTP_ANSWER_MS);
	http_clients_end_late(&f->clients, 1000 + HTTP_ANSWER_MS);
	assert_true(ended(f, reads));
	assert_int_equal(http_clients_next(&f->clients), INT64_MAX);
	assert_int_equal(f->clients.open, 0);
}

static void answers_are_counted(void **state)
{
	struct fixture *f = *state;
	int one = join(f, "127.0.0.1", 0), two = join(f, "127.0.0.1", 0);

	http_clients_answer(&f->clients, f->client[one], HTTP_ANSWERS_MAX - 1,
			    0);
	assert_false(http_clients_full(&f->clients));
	http_clients_answer(&f->clients, f->client[two], 1, 0);
	assert_true(http_clients_full(&f->clients));
	http_clients_answered(&f->clients, f->client[two], 1);
	assert_false(http_clients_full(&f->clients));
}

static const struct {
	const char *host;
	bool known;
} hosts[] = {
	{NULL, true},
	{"localhost", true},
	{"LocalHost:9464", true},
	{"localhost.", true},
	{"127.0.0.1", true},
	{"127.0.0.1:9464", true},
	{"192.0.2.7:80", true},
	{"[::1]", true},
	{"[2001:db8::1]:9464", true},
	{"bridge.example", true},
	{"BRIDGE.example:1", true},
	{"bridge.example.:1", true},
	{"ztp:65535", true},
	{"A.b", true},
	{"a.b.:80", true},
	{"a.", false},
	{"", false},
	{".", false},
	{":9464", false},
	{"evil.example", false},
	{"bridge.example.evil", false},
	{"xbridge.example", false},
	{"bridge", false},
	{"localhost.evil", false},
	{"127.0.0.1.evil.example", false},
	{"127.1", false},
	{"0x7f000001", false},
	{"2130706433", false},
	{"::1", false},
	{"[::1", false},
	{"[::1]x", false},
	{"[]", false},
	{"[evil.example]", false},
	{"localhost:x", false},
	{"localhost:80:80", false},
	{"evil.example@localhost", false},
	{"localhost evil.example", false},
};

static void known_hosts(void **state)
{
	char first[] = "Bridge.example", second[] = "ztp", third[] = "a.b.";
	char *const names[] = {first, second, third};
	char longest[600];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		if (http_host_known(hosts[i].host, names, 3) != hosts[i].known)
			fail_msg("%s", hosts[i].host);
	assert_false(http_host_known("ztp", names, 1));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(http_host_known(longest, names, 3));
}

static void advertised_hosts(void **state)
{
	(void)state;
	assert_true(http_host_advertised("A.example:80",
					 "https://a.example:9464/x"));
	assert_true(http_host_advertised("a.example.", "http://a.example"));
	assert_false(http_host_advertised("b.example", "http://a.example"));
	assert_false(http_host_advertised("a.example", ""));
	assert_false(http_host_advertised("", "http://a.example"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_oldest_gives_way),
		T(readers_stay_longer),
		T(the_busiest_address_pays),
		T(time_runs_whatever_comes),
		T(answers_are_counted),
		cmocka_unit_test(known_hosts),
		cmocka_unit_test(advertised_hosts),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
