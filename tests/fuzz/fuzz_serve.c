/*
 * What ztp-approver serve is sent: with 'a' first an address, with 'h' a header,
 * with 'n' a native body, with 'o' OmniCore's, with 't' a tokens file, with 'r' a
 * result of Kafka's. What is taken is well-formed: an address's path is a device
 * path, a record is a decision about the subject, a scope is one.
 */
#include "fuzz.h"

#include "tools/serve/body.h"
#include "tools/serve/book.h"
#include "tools/serve/session.h"
#include "tools/serve/target.h"
#include "tools/serve/text.h"

#define PATH "subscriptions/a/registries/b/devices/c"
#define NOW  1800000000000

static void address(const char *text)
{
	struct target target;
	struct ztp_path path;

	target_read(&target, text);
	MUST(!*target.id || ztp_request_id_valid(target.id, strlen(target.id)));
	MUST(!*target.path || ztp_path_parse(&path, target.path,
					     strlen(target.path), NULL) == 0);
}

static void header(const char *text)
{
	struct prefer prefer = {.wait_s = -1};
	struct ztp_str key;

	prefer_add(&prefer, text);
	MUST(prefer.wait_s >= -1 && prefer.wait_s <= PREFER_WAIT_MAX);
	if (idempotency_key_read(&key, text))
		MUST(key.n >= 1 && key.n <= IDEMPOTENCY_KEY_MAX);
	MUST(!origin_is_host(text, NULL));
	if (host_is_loopback(text))
		MUST(*text && strlen(text) < 128);
}

static void body(const char *text, size_t size,
		 int (*read)(struct posted *, struct ztp_str,
			     const struct subject *, struct ztp_error *))
{
	const struct subject subject = {"r-1", PATH, "", "me"};
	const struct ztp_str view = {text, size};
	struct credentials credentials;
	struct ztp_decision decision;
	struct ztp_error error = {0};
	struct posted posted;
	int rc = read(&posted, view, &subject, &error);

	MUST((rc == 0) == (posted.record != NULL));
	if (rc) {
		MUST(*error.message);
	} else {
		MUST(ztp_decision_parse(&decision, posted.record, posted.len,
					NULL, 0, NULL) == 0);
		MUST(strcmp(decision.request_id, "r-1") == 0 &&
		     strcmp(decision.path, PATH) == 0);
		ztp_decision_clear(&decision);
	}
	posted_clear(&posted);
	if (credentials_read(&credentials, view, NULL) == 0)
		MUST(credentials.count <= CREDENTIALS_MAX &&
		     credentials.given == (credentials.count > 0));
}

static void file(const char *text, size_t size)
{
	struct ztp_error error = {0};
	struct tokens tokens;
	int rc = tokens_read(&tokens, "f", text, size, &error);

	MUST((rc == 0) == (tokens.count > 0));
	MUST(rc == 0 || strncmp(error.message, "f", 1) == 0);
	for (size_t i = 0; i < tokens.count; i++)
		MUST(tokens.items[i].scope_count > 0);
	if (rc == 0)
		MUST(!session_find(&tokens, "", NOW));
	tokens_clear(&tokens);
}

static void result(const char *text, size_t size)
{
	struct said said;

	if (said_read(&said, text, size))
		MUST(said.code >= 200 && said.code <= 599 && *said.id &&
		     said.outcome < ZTP_OUTCOME_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	text = malloc(size);
	MUST(text);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (*data) {
	case 'a':
		address(text);
		break;
	case 'h':
		header(text);
		break;
	case 'n':
		body(text, size - 1, posted_native);
		break;
	case 'o':
		body(text, size - 1, posted_omnicore);
		break;
	case 't':
		file(text, size - 1);
		break;
	default:
		result(text, size - 1);
		break;
	}
	free(text);
	return 0;
}
