#include <stddef.h>
#include <string.h>

#include "tools/approver/options_key.h"
#include "tools/common/where.h"
#include "ztp/fingerprint.h"
#include "ztp/text.h"

static bool set_text(const char **field, const char *text, size_t max)
{
	*field = text;
	return *text && strlen(text) <= max;
}

static bool set_brokers(const char **field, const char *text)
{
	return set_text(field, text, 4096) && ztp_brokers_valid(text);
}

static bool set_topic(const char **field, const char *text)
{
	*field = text;
	return ztp_topic_name_valid(text, strlen(text));
}

/* For what goes into a decision, which is JSON. */
static bool set_utf8(const char **field, const char *text, size_t max)
{
	return set_text(field, text, max) && ztp_utf8_valid(text, strlen(text));
}

static bool set_by(struct options *options, enum verdict_by by)
{
	if (options->by != BY_NOTHING && options->by != by)
		options->contradicts = true;
	options->by = by;
	return true;
}

static bool set_fingerprint(struct options *options, const char *text)
{
	uint8_t fingerprint[ZTP_SHA256_LEN];

	if (ztp_fingerprint_line(fingerprint, text, strlen(text), NULL) != 1)
		return false;
	ztp_hex_encode(options->fingerprint, fingerprint, ZTP_SHA256_LEN);
	return true;
}

static bool set_device(struct options *options, const char *text)
{
	struct ztp_path path;

	options->device = text;
	return ztp_path_parse(&path, text, strlen(text), NULL) == 0;
}

static bool set_answer(struct options *options, int key, const char *value)
{
	switch (key) {
	case KEY_RULES:
		options->rules_file = value;
		return set_by(options, BY_RULES);
	case KEY_APPROVE_ALL:
	case KEY_APPROVE:
		return set_by(options, BY_APPROVE);
	case KEY_REJECT_ALL:
	case KEY_REJECT:
		return set_by(options, BY_REJECT);
	case KEY_PAYLOAD:
		return set_text(&options->payload_file, value, 4096);
	case KEY_CONTENT_TYPE:
		return set_utf8(&options->content_type, value,
				ZTP_CONTENT_TYPE_MAX);
	case KEY_FORMAT:
		return ztp_answer_format_parse(&options->format, value);
	case KEY_REASON:
		return set_utf8(&options->reason, value, ZTP_REASON_MAX);
	case KEY_MESSAGE:
		return set_utf8(&options->message, value, ZTP_MESSAGE_MAX);
	case KEY_DECIDED_BY:
		return set_utf8(&options->decided_by, value, ZTP_REASON_MAX);
	default:
		return false;
	}
}

static bool set_from(struct options *options, const char *text)
{
	if (strcmp(text, "beginning") == 0)
		options->from = FROM_BEGINNING;
	else if (strcmp(text, "now") == 0)
		options->from = FROM_NOW;
	else
		return false;
	return true;
}

static bool set_serve(struct options *options, int key, const char *value)
{
	struct serve_settings *serve = &options->serve;

	switch (key) {
	case KEY_LISTEN:
		return set_text(&serve->listen, value, 255);
	case KEY_TOKENS:
		return set_text(&serve->tokens_file, value, 4096);
	case KEY_TLS_CERT:
		return set_text(&serve->tls_cert, value, 4096);
	case KEY_TLS_KEY:
		return set_text(&serve->tls_key, value, 4096);
	case KEY_CLIENT_CA:
		return set_text(&serve->client_ca, value, 4096);
	case KEY_BEHIND_PROXY:
		serve->behind_proxy = true;
		return true;
	default:
		return set_answer(options, key, value);
	}
}

/* What run, decide and simulate have besides. */
static bool set_more(struct options *options, int key, const char *value)
{
	switch (key) {
	case KEY_FROM:
		return set_from(options, value);
	case KEY_DRY_RUN:
		options->dry_run = true;
		return true;
	case KEY_ALL:
		options->all = true;
		return true;
	case KEY_MATCH:
		return set_text(&options->match, value, 4096);
	case KEY_REGISTRY:
		options->registry = value;
		return ztp_registry_name_valid(value);
	case KEY_FINGERPRINTS:
		return set_text(&options->fingerprints_file, value, 4096);
	case KEY_DLQ:
		return set_topic(&options->dlq, value);
	default:
		return set_serve(options, key, value);
	}
}

const char *options_wanted(int key)
{
	static const struct {
		int key;
		const char *text;
	} wanted[] = {
		{KEY_BROKERS, ZTP_BROKERS_WANTED},
		{KEY_GROUP, ": not 1 to 255 bytes"},
		{KEY_REQUESTS, ZTP_TOPIC_WANTED},
		{KEY_DECISIONS, ZTP_TOPIC_WANTED},
		{KEY_RESULTS, ZTP_TOPIC_WANTED},
		{KEY_DLQ, ZTP_TOPIC_WANTED},
		{KEY_FORMAT, ": not native, omnicore, cloudevent or "
			     "cloudevent-structured"},
		{KEY_REASON, ": not 1 to 128 bytes of UTF-8"},
		{KEY_DECIDED_BY, ": not 1 to 128 bytes of UTF-8"},
		{KEY_CONTENT_TYPE, ": not 1 to 128 bytes of UTF-8"},
		{KEY_MESSAGE, ": not 1 to 1024 bytes of UTF-8"},
		{KEY_DEVICE, ": not subscriptions/S/registries/R/devices/D"},
		{KEY_FINGERPRINT, ": not 64 hex digits"},
		{KEY_FROM, ": neither beginning nor now"},
		{KEY_REGISTRY, ": not SUBSCRIPTION/REGISTRY"},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
		if (wanted[i].key == key)
			return wanted[i].text;
	return "";
}

struct number {
	int key;
	size_t at; /* in struct options */
	int64_t min, max;
};

static const struct number numbers[] = {
	{KEY_DELAY, offsetof(struct options, delay_ms), 0,
	 7 * 24 * 3600 * 1000LL},
	{KEY_COUNT, offsetof(struct options, count), 1, INT64_MAX},
	{KEY_TIMEOUT, offsetof(struct options, timeout_s), 1, 3600},
	{KEY_EXPIRE, offsetof(struct options, expire_s), 1, 90 * 24 * 3600},
};

static const struct number *find_number(int key)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].key == key)
			return &numbers[i];
	return NULL;
}

bool options_range(int key, int64_t *min, int64_t *max)
{
	const struct number *number = find_number(key);

	if (!number)
		return false;
	*min = number->min;
	*max = number->max;
	return true;
}

bool options_set(struct options *options, int key, const char *value)
{
	const struct number *number = find_number(key);

	if (number)
		return ztp_number_parse(
			(int64_t *)(void *)((char *)options + number->at),
			value, number->min, number->max);
	switch (key) {
	case KEY_BROKERS:
		return set_brokers(&options->brokers, value);
	case KEY_GROUP:
		return set_text(&options->group, value, 255);
	case KEY_REQUESTS:
		return set_topic(&options->requests, value);
	case KEY_DECISIONS:
		options->decisions_given = true;
		return set_topic(&options->decisions, value);
	case KEY_RESULTS:
		return set_topic(&options->results, value);
	case KEY_DEVICE:
		return set_device(options, value);
	case KEY_FINGERPRINT:
		return set_fingerprint(options, value);
	case KEY_JSON:
		options->json = true;
		return true;
	case KEY_FROM_BEGINNING:
		options->from_beginning = true;
		return true;
	case KEY_NO_WAIT:
		options->no_wait = true;
		return true;
	default:
		return set_more(options, key, value);
	}
}
