/* What the broker sends: audit records that come together, of which what one is like
 * costs the others nothing; and pending events. */
#include "bridge/mqtt/receive.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "bridge/journal/journal_entry.h"
#include "certs.h"
#include "journal_case.h"
#include "ztp/gate_protocol.h"

#define GOOD(n) "{\"verdict\":\"accepted\",\"n\":" #n "}"

struct receive_case {
	struct fixture f;
	struct config config; /* it serves all subscriptions */
	struct log log;
	struct core core;
	struct receiver receiver;
};

static int begin(void **state)
{
	struct receive_case *c = calloc(1, sizeof(*c));
	char name[64];

	assert_non_null(c);
	scratch_make(&c->f.scratch);
	open_at(&c->f, false);
	snprintf(name, sizeof(name), "%s/log", c->f.scratch.dir);
	log_init(&c->log,
		 open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
		 LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
	c->core.config = &c->config;
	c->core.log = &c->log;
	c->receiver.core = &c->core;
	c->receiver.journal = c->f.journal;
	c->receiver.coalesce.work_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	*state = c;
	return 0;
}

static int end(void **state)
{
	struct receive_case *c = *state;

	receive_clear(&c->receiver);
	close(c->receiver.coalesce.work_fd);
	close(c->log.sink.fd);
	journal_close(c->f.journal);
	scratch_remove(&c->f.scratch);
	free(c);
	return 0;
}

static void say(struct receive_case *c, const char *text, size_t len)
{
	c->receiver.coalesce.ended = 0; /* it does not wait for more */
	receive_message(&c->receiver, ZTP_MQTT_AUDITS, text, len);
}

/* The next record that was kept. */
static void kept(struct receive_case *c, const char *text)
{
	struct journal_entry entry;
	const void *bytes;
	size_t len;

	assert_int_equal(journal_read(c->f.journal, &c->f.mark, &bytes, &len,
				      &c->f.error),
			 1);
	assert_int_equal(journal_entry_unpack(&entry, bytes, len, &c->f.error),
			 0);
	assert_int_equal(entry.kind, ENTRY_AUDIT);
	assert_int_equal(entry.text_len, strlen(text));
	assert_memory_equal(entry.text, text, entry.text_len);
	journal_entry_clear(&entry);
}

/* How often a record was refused, or an array. */
static int refused(struct receive_case *c)
{
	char name[64], *at;
	size_t len;
	int count = 0;

	snprintf(name, sizeof(name), "%s/log", c->f.scratch.dir);
	at = (char *)scratch_read(name, &len);
	for (char *p = at; (p = memmem(p, len - (size_t)(p - at),
				       "event=audit_refused", 19)) != NULL;
	     p++)
		count++;
	free(at);
	return count;
}

static void what_one_is_like_costs_the_others_nothing(void **state)
{
	static const char *const bad[] = {
		"{\"verdict\":}",
		"{\"verdict\":\"refused\",\"verdict\":\"accepted\"}",
		"{\"device_path\":7}",
		"{\"remote_addr\":\"\xff\xfe\"}",
		"{\"n\":007}",
		"{\"a\":1} {\"b\":2}",
		"{\"a\":\"\\u0000\"}",
		"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
		"",
	};
	struct receive_case *c = *state;
	char text[512];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		int n = snprintf(text, sizeof(text), " [ %s ,%s,%s] ", GOOD(1),
				 bad[i], GOOD(2));

		say(c, text, (size_t)n);
		kept(c, GOOD(1));
		kept(c, GOOD(2));
		expect_end(&c->f);
		assert_int_equal(refused(c), i + 1);
	}
}

/* Brackets and commas that are a record's own. */
static void what_is_inside_does_not_end_it(void **state)
{
	static const char own[] = "{\"a\":\"],[\\\"}\",\"b\":[[1],{}],\"c\":"
				  "\"\\\\\"}";
	struct receive_case *c = *state;
	char text[256];

	say(c, text,
	    (size_t)snprintf(text, sizeof(text), "[%s,%s]", own, GOOD(2)));
	kept(c, own);
	kept(c, GOOD(2));
	expect_end(&c->f);
	assert_int_equal(refused(c), 0);
}

static void the_first_and_the_last(void **state)
{
	static const char first[] = "[nonsense," GOOD(1) "]";
	static const char last[] = "[" GOOD(1) ",{\"half\":\"of it";
	static const char open[] = "[" GOOD(1) "," GOOD(2);
	struct receive_case *c = *state;

	say(c, first, strlen(first));
	kept(c, GOOD(1));
	say(c, last, strlen(last));
	kept(c, GOOD(1));
	assert_int_equal(refused(c), 2);
	say(c, open, strlen(open));
	kept(c, GOOD(1));
	kept(c, GOOD(2));
	expect_end(&c->f);
	assert_int_equal(refused(c), 2);
}

static void none_at_all(void **state)
{
	static const char *const empty[] = {"[]", " [ \r\n\t] "};
	static const char *const none[] = {"",	   " ",	     "{}",  "7",
					   "null", "\"[]\"", "\xff"};
	struct receive_case *c = *state;
	size_t i;

	for (i = 0; i < sizeof(empty) / sizeof(*empty); i++)
		say(c, empty[i], strlen(empty[i]));
	assert_int_equal(refused(c), 0);
	for (i = 0; i < sizeof(none) / sizeof(*none); i++)
		say(c, none[i], strlen(none[i]));
	assert_int_equal(refused(c), i);
	expect_end(&c->f);
}

/* More than the gate puts into one, or larger, is none of the gate's. */
static void an_array_has_its_bounds(void **state)
{
	struct receive_case *c = *state;
	char *text = malloc(ZTP_AUDITS_MAX + 1), *p;
	int i;

	assert_non_null(text);
	memset(text, ' ', ZTP_AUDITS_MAX + 1);
	memcpy(text, "[" GOOD(1) "]", sizeof("[" GOOD(1) "]") - 1);
	say(c, text, ZTP_AUDITS_MAX + 1);
	assert_int_equal(refused(c), 1);
	expect_end(&c->f);
	say(c, text, ZTP_AUDITS_MAX);
	kept(c, GOOD(1));
	for (p = text, i = 0; i <= ZTP_AUDITS_COUNT; i++) {
		*p++ = i == 0 ? '[' : ',';
		p = stpcpy(p, GOOD(1));
	}
	*p++ = ']';
	say(c, text, (size_t)(p - text));
	assert_int_equal(refused(c), 2);
	expect_end(&c->f);
	free(text);
}

/* --- pending events */

#define DEVICE                                                                 \
	"\"device_path\":\"subscriptions/acme/registries/plant-7/devices/"     \
	"pump-42\""
#define RECEIVED "\"received_at\":\"2026-01-02T03:04:05.678Z\""
#define EXPIRES	 "\"expires_at\":\"2026-01-02T03:04:05.679Z\""

static char *certificate(void)
{
	EVP_PKEY *key = certs_key("ec:P-256");
	int64_t now = ztp_clock_wall();
	X509 *x509 = certs_make(&(struct certs_spec){
		.key = key,
		.not_before_ms = now - CERTS_DAY_MS,
		.not_after_ms = now + CERTS_DAY_MS,
	});
	char *base64 = certs_base64(x509);

	X509_free(x509);
	EVP_PKEY_free(key);
	return base64;
}

static int64_t deadline_of(struct receive_case *c, const char *members)
{
	struct journal_entry entry;
	char text[4096], *base64 = certificate();
	const void *bytes;
	int64_t expires_at;
	size_t len;
	int n = snprintf(text, sizeof(text),
			 "{" DEVICE "%s,\"certificate\":\"%s\"}", members,
			 base64);

	free(base64);
	receive_message(&c->receiver, "ztp/v1/pending", text, (size_t)n);
	assert_int_equal(journal_read(c->f.journal, &c->f.mark, &bytes, &len,
				      &c->f.error),
			 1);
	assert_int_equal(journal_entry_unpack(&entry, bytes, len, &c->f.error),
			 0);
	assert_int_equal(entry.kind, ENTRY_PENDING);
	expires_at = entry.expires_at;
	journal_entry_clear(&entry);
	return expires_at;
}

/* It stays so, whatever decision_timeout is when the entry is read again. */
static void an_event_gets_its_deadline_when_it_comes(void **state)
{
	struct receive_case *c = *state;
	int64_t began = ztp_clock_wall(), at;

	c->config.onboarding.decision_timeout_ms = 60000;
	assert_int_equal(deadline_of(c, "," RECEIVED), CERTS_NOW + 60000);
	assert_int_equal(deadline_of(c, "," RECEIVED "," EXPIRES),
			 CERTS_NOW + 1);
	at = deadline_of(c, "");
	assert_in_range(at, began + 60000, ztp_clock_wall() + 60000);
}

#define RECEIVE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECEIVE_TEST(what_one_is_like_costs_the_others_nothing),
		RECEIVE_TEST(what_is_inside_does_not_end_it),
		RECEIVE_TEST(the_first_and_the_last),
		RECEIVE_TEST(none_at_all),
		RECEIVE_TEST(an_array_has_its_bounds),
		RECEIVE_TEST(an_event_gets_its_deadline_when_it_comes),
	};

	return cmocka_run_group_tests_name("bridge_mqtt_receive", tests, NULL,
					   NULL);
}
