/* /v1/requests?find=: what people type is found, in every order, at a bounded
 * cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>

#include "http_case.h"

#include "bridge/http/http_find.h"

/* --- which requests are meant */

/* The device d-<id> of acme/<registry>, with a certificate that begins so. */
static void add_cert(struct http_case *f, const char *id, const char *registry,
		     uint8_t first, uint8_t second)
{
	struct store_request r = {.state = ZTP_STATE_ONBOARDED,
				  .attempt = 1,
				  .received_at = T0,
				  .expires_at = T0 + 60000,
				  .finished_at = T0 + 5000};
	struct ztp_error error;

	snprintf(r.id, sizeof(r.id), "%s", id);
	snprintf(r.path, sizeof(r.path),
		 "subscriptions/acme/registries/%s/devices/d-%s", registry, id);
	memset(r.fingerprint, 0xab, sizeof(r.fingerprint));
	r.fingerprint[0] = first;
	r.fingerprint[1] = second;
	assert_int_equal(store_request_add(f->b.store, &r, &error), 0);
}

static void fill(struct http_case *f)
{
	add_cert(f, "one", "plant-7", 0x9f, 0x86);
	add_cert(f, "oneness", "plant-70", 0x9f, 0x87);
	add_cert(f, "two", "plant-7", 0x12, 0x34);
	add_cert(f, "9f86d", "devices", 0x55, 0x55);
	commit(f);
}

#define AB10	   "abababababababababab"
#define AB30	   AB10 AB10 AB10
#define COLON_AB10 ":AB:AB:AB:AB:AB:AB:AB:AB:AB:AB"
#define COLON_AB30 COLON_AB10 COLON_AB10 COLON_AB10

static void test_what_is_found(void **state)
{
	static const struct {
		const char *find, *ids; /* as they came */
	} lines[] = {
		/* devices */
		{"d-one", "one oneness "},
		{"d-onen", "oneness "},
		{"d-", "one oneness two 9f86d "},
		{"ne", ""},
		{"D-ONE", ""},
		/* with their registry, and as paths */
		{"acme/plant-7", "one oneness two "},
		{"acme/plant-7/", "one two "},
		{"acme/plant-7/d-t", "two "},
		{"acme/plant-7/d-two/x", ""},
		{"acme/", "one oneness two 9f86d "},
		{"subscriptions/acme/registries/plant-7/devices/d-one", "one "},
		{"subscriptions/acme/registries/plant-70", "oneness "},
		{"/", ""},
		/* requests: a whole id is all there is */
		{"one", "one "},
		{"on", "one oneness "},
		{"tw", "two "},
		/* certificates; three digits are no beginning */
		{"9f86", "one 9f86d "},
		{"9F:86:AB", "one "},
		{"9F86AB", "one "},
		{"9f8", "9f86d "},
		{"1234" AB30, "two "},
		{"sha256%20Fingerprint=12:34" COLON_AB30, "two "},
		{"1234" AB30 "ab", ""},
		/* what means something elsewhere means nothing here */
		{"%25", ""},
		{"_", ""},
		{"d-%25", ""},
		{"'%20OR%201=1", ""},
		{"%c3%bc", ""},
	};
	struct http_case *f = *state;
	char query[512];
	size_t i;

	fill(f);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		snprintf(query, sizeof(query), "find=%s", lines[i].find);
		assert_listed(f, query, lines[i].ids);
	}
}

static void test_with_other_filters(void **state)
{
	struct http_case *f = *state;

	fill(f);
	add(f, "one-more", "plant-7", ZTP_STATE_REQUESTED);
	commit(f);
	assert_listed(f, "find=d-one&order=newest", "one-more oneness one ");
	assert_listed(f, "find=d-one&order=newest&limit=1",
		      "one-more oneness one ");
	assert_listed(f, "find=d-one&order=finished", "oneness one ");
	assert_listed(f, "find=d-one&registry=acme/plant-7", "one one-more ");
	assert_listed(f, "find=d-one&state=requested", "one-more ");
	assert_listed(f, "find=one&state=requested", "one-more ");
	assert_listed(f, "find=&state=requested", "one-more ");
	get_json(f,
		 "/v1/requests?find=x&device=subscriptions/a/registries/r/"
		 "devices/d",
		 400);
	get_json(f, "/v1/requests?find=x&find=y", 400);
}

static void test_too_long(void **state)
{
	struct http_case *f = *state;
	char target[HTTP_FIND_MAX + 64];
	int n = snprintf(target, sizeof(target), "/v1/requests?find=");

	memset(target + n, 'a', HTTP_FIND_MAX);
	target[n + HTTP_FIND_MAX] = '\0';
	get_json(f, target, 200);
	memset(target + n, '/', HTTP_FIND_MAX);
	get_json(f, target, 200);
	memset(target + n, 'a', HTTP_FIND_MAX + 1);
	target[n + HTTP_FIND_MAX + 1] = '\0';
	get_json(f, target, 400);
}

/* --- what a search costs */

#define MANY 60000

/* Among very many a search takes many pages, none of which takes long. */
static void test_a_needle_in_a_haystack(void **state)
{
	static const char *const orders[] = {"oldest", "newest", "finished"};
	struct http_case *f = *state;
	char id[32], query[64], found[64];
	int i, pages;
	size_t o;

	for (i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "x%d%s", i,
			 i == MANY / 2 ? "-needle" : "");
		add(f, id, "plant-7", ZTP_STATE_ONBOARDED);
	}
	commit(f);
	for (o = 0; o < 3; o++) {
		snprintf(query, sizeof(query), "find=d-x%d-n&order=%s",
			 MANY / 2, orders[o]);
		*found = '\0';
		assert_int_equal(follow(f, query, found, sizeof(found), &pages),
				 1);
		assert_string_equal(found, "x30000-needle ");
		assert_true(pages > 1);
	}
	/* the id is found by its index */
	(void)follow(f, "find=x30000-needle", NULL, 0, &pages);
	assert_int_equal(pages, 1);
}

int main(void)
{
#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(f, http_case_setup, http_case_teardown)
	const struct CMUnitTest tests[] = {
		T(test_what_is_found),
		T(test_with_other_filters),
		T(test_too_long),
		T(test_a_needle_in_a_haystack),
	};
#undef T
	return cmocka_run_group_tests(tests, NULL, NULL);
}
