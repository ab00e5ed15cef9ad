#include "tools/common/template.h"

#include <stdlib.h>
#include <string.h>

#include "ztp/json.h"
#include "ztp/member.h"

enum placeholder {
	DEVICE_PATH,
	SUBSCRIPTION,
	REGISTRY,
	DEVICE,
	REQUEST_ID,
	FINGERPRINT,
	PLACEHOLDERS,
};

static const struct {
	const char *text;
	size_t max; /* bytes in its place */
} placeholders[PLACEHOLDERS] = {
	[DEVICE_PATH] = {ZTP_TEMPLATE_PATH, ZTP_PATH_MAX},
	[SUBSCRIPTION] = {ZTP_TEMPLATE_SUBSCRIPTION, ZTP_ID_MAX},
	[REGISTRY] = {ZTP_TEMPLATE_REGISTRY, ZTP_ID_MAX},
	[DEVICE] = {ZTP_TEMPLATE_DEVICE, ZTP_ID_MAX},
	[REQUEST_ID] = {"{" ZTP_M_REQUEST_ID "}", ZTP_REQUEST_ID_MAX},
	[FINGERPRINT] = {"{" ZTP_M_FINGERPRINT "}", ZTP_SHA256_HEX - 1},
};

/* The length of a word in braces at the start of text, or 0. In JSON no brace
 * stands like that outside a string. */
static size_t word_at(struct ztp_str text)
{
	size_t n = 1;

	if (text.n < 3 || text.p[0] != '{')
		return 0;
	while (n < text.n &&
	       (text.p[n] == '_' || (text.p[n] >= 'a' && text.p[n] <= 'z') ||
		(text.p[n] >= '0' && text.p[n] <= '9')))
		n++;
	return n > 1 && n < text.n && text.p[n] == '}' ? n + 1 : 0;
}

/* PLACEHOLDERS if it is none. */
static enum placeholder find(struct ztp_str word)
{
	int i;

	for (i = 0; i < PLACEHOLDERS; i++)
		if (strlen(placeholders[i].text) == word.n &&
		    memcmp(placeholders[i].text, word.p, word.n) == 0)
			break;
	return (enum placeholder)i;
}

static struct ztp_str value_of(enum placeholder which,
			       const struct ztp_ask *ask)
{
	switch (which) {
	case DEVICE_PATH:
		return ask->parts.whole;
	case SUBSCRIPTION:
		return ask->parts.subscription;
	case REGISTRY:
		return ask->parts.registry;
	case DEVICE:
		return ask->parts.device;
	case REQUEST_ID:
		return (struct ztp_str){ask->request_id,
					strlen(ask->request_id)};
	default:
		return (struct ztp_str){ask->fingerprint,
					strlen(ask->fingerprint)};
	}
}

/* Writes the text with its placeholders filled in; out may be NULL. Returns the
 * length. */
static size_t fill(char *out, const struct ztp_attachment *made,
		   const struct ztp_ask *ask)
{
	size_t len = 0, step;

	for (size_t at = 0; at < made->len; at += step) {
		struct ztp_str piece = {made->data + at, made->len - at};

		piece.n = step = word_at(piece);
		if (step)
			piece = value_of(find(piece), ask);
		else
			piece.n = step = 1;
		if (out)
			memcpy(out + len, piece.p, piece.n);
		len += piece.n;
	}
	return len;
}

int ztp_template_fill(struct ztp_attachment *filled,
		      const struct ztp_attachment *made,
		      const struct ztp_ask *ask, struct ztp_error *error)
{
	size_t len = fill(NULL, made, ask);

	*filled = *made;
	filled->is_template = false;
	filled->data = malloc(len + 1);
	if (!filled->data)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	filled->len = fill(filled->data, made, ask);
	filled->data[filled->len] = '\0';
	return 0;
}

/* --- making one */

/* The largest payload that it can become, or 0 with an error. */
static size_t largest(const struct ztp_attachment *payload, const char *path,
		      struct ztp_error *error)
{
	size_t len = 0, line = 1, step;

	for (size_t at = 0; at < payload->len; at += step) {
		struct ztp_str word = {payload->data + at, payload->len - at};
		enum placeholder which;

		line += *word.p == '\n';
		word.n = step = word_at(word);
		if (!step) {
			step = 1;
			len++;
			continue;
		}
		which = find(word);
		if (which == PLACEHOLDERS) {
			ztp_fail(error, ZTP_ERR_VALUE,
				 "%s:%zu: %.*s is not a placeholder", path,
				 line, word.n > 64 ? 64 : (int)word.n, word.p);
			return 0;
		}
		len += placeholders[which].max;
	}
	return len ? len : 1;
}

/* Is it JSON when it is filled in? With any values, as they are all of the same
 * kind. */
static int judge(struct ztp_attachment *payload, struct ztp_error *error)
{
	static const char path[] = ZTP_PATH_OF("a");
	struct ztp_ask ask = {.request_id = "a", .fingerprint = "a"};
	struct ztp_attachment filled;
	int rc = ztp_path_parse(&ask.parts, path, sizeof(path) - 1, error);

	if (!rc)
		rc = ztp_template_fill(&filled, payload, &ask, error);
	if (rc)
		return rc;
	payload->json = ztp_json_check(filled.data, filled.len, ZTP_PAYLOAD_MAX,
				       NULL) == 0;
	free(filled.data);
	return 0;
}

int ztp_template_make(struct ztp_attachment *payload, const char *path,
		      struct ztp_error *error)
{
	struct ztp_error why;
	size_t len = largest(payload, path, &why);

	if (!len)
		return ztp_fail(error, why.code, "%s", why.message);
	if (len > ZTP_PAYLOAD_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_LARGE,
				"%s: with the longest ids it has %zu bytes, at "
				"most %d are allowed",
				path, len, ZTP_PAYLOAD_MAX);
	payload->is_template = true;
	return judge(payload, error);
}
