/* Command-topic templates. They are declared in ztp/path.h because a topic is
 * made from a device path alone. */
#include <string.h>

#include "ztp/path.h"

enum placeholder { DEVICE_PATH, SUBSCRIPTION, REGISTRY, DEVICE, PLACEHOLDERS };

static const struct {
	const char *text;
	size_t max; /* bytes when rendered */
} placeholders[PLACEHOLDERS] = {
	[DEVICE_PATH] = {ZTP_TEMPLATE_PATH, ZTP_PATH_MAX},
	[SUBSCRIPTION] = {ZTP_TEMPLATE_SUBSCRIPTION, ZTP_ID_MAX},
	[REGISTRY] = {ZTP_TEMPLATE_REGISTRY, ZTP_ID_MAX},
	[DEVICE] = {ZTP_TEMPLATE_DEVICE, ZTP_ID_MAX},
};

/* The placeholder at the start of text; PLACEHOLDERS if there is none. */
static enum placeholder placeholder_at(const char *text)
{
	int i;

	for (i = 0; i < PLACEHOLDERS; i++)
		if (strncmp(text, placeholders[i].text,
			    strlen(placeholders[i].text)) == 0)
			break;
	return (enum placeholder)i;
}

/* The length of the literal character at text; 0 if a topic must not contain
 * it. */
static size_t literal_at(const char *text)
{
	unsigned char c = (unsigned char)text[0];
	size_t n = ztp_utf8_char(text, strnlen(text, 4));

	if (c < 0x20 || c == 0x7f || strchr("+#{}", c))
		return 0;
	/* C1 controls, U+0080-U+009F; MQTT 5 section 1.5.4 */
	if (c == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	return n;
}

/* Is the first level of this text literal, and none of these words? */
static bool level_is_free(const char *level, const char *const words[])
{
	size_t len = strcspn(level, "/");

	for (size_t i = 0; words[i]; i++)
		if (strlen(words[i]) == len &&
		    memcmp(level, words[i], len) == 0)
			return false;
	return !memchr(level, '{', len);
}

/* Commands have a branch of their own: no command topic is above, at or below
 * another device's topics or those of the gate, whatever devices are called. A
 * literal level, either below the device's own path or the first one, makes
 * sure of that. */
static int check_branch(const char *template, struct ztp_error *error)
{
	static const char own[] = ZTP_TEMPLATE_PATH "/";
	static const char *const roots[] = {ZTP_ROOT_DEVICES, ZTP_ROOT_GATE,
					    NULL};
	static const char *const branches[] = {
		ZTP_BRANCH_EVENTS, ZTP_BRANCH_STATE, ZTP_BRANCH_CONFIG, NULL};

	if (strncmp(template, own, sizeof(own) - 1) == 0) {
		if (level_is_free(template + sizeof(own) - 1, branches))
			return 0;
		return ztp_fail(error, ZTP_ERR_VALUE,
				"topic template: a device's events, state and "
				"config are not for commands");
	}
	if (level_is_free(template, roots))
		return 0;
	return ztp_fail(error, ZTP_ERR_VALUE,
			"topic template begins neither with " ZTP_TEMPLATE_PATH
			"/ nor with a literal level other "
			"than " ZTP_ROOT_DEVICES " and " ZTP_ROOT_GATE);
}

int ztp_topic_check(const char *template, struct ztp_error *error)
{
	size_t longest = 0;
	bool has_device = false;

	if (template[0] == '$')
		return ztp_fail(error, ZTP_ERR_VALUE,
				"topic template begins with '$'");
	for (const char *at = template; *at;) {
		enum placeholder which = placeholder_at(at);
		size_t n = which == PLACEHOLDERS
				   ? literal_at(at)
				   : strlen(placeholders[which].text);

		if (n == 0)
			return ztp_fail(error, ZTP_ERR_VALUE,
					"topic template: unknown placeholder, "
					"wildcard or control character at "
					"byte %zu; placeholders "
					"are " ZTP_TEMPLATE_PATH
					", " ZTP_TEMPLATE_SUBSCRIPTION
					", " ZTP_TEMPLATE_REGISTRY
					" and " ZTP_TEMPLATE_DEVICE,
					(size_t)(at - template) + 1);
		longest += which == PLACEHOLDERS ? n : placeholders[which].max;
		has_device |= which == DEVICE_PATH || which == DEVICE;
		at += n;
	}
	if (!has_device)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"topic template names no device");
	if (longest > ZTP_TOPIC_MAX)
		return ztp_fail(error, ZTP_ERR_VALUE,
				"topic template can render longer than %d "
				"bytes",
				ZTP_TOPIC_MAX);
	return check_branch(template, error);
}

/* An id contains no '/', so it can be read back from the topic if no other id
 * shares its level. With all three of them, so can the path. */
bool ztp_topic_unique(const char *template)
{
	unsigned found = 0, last = 0;
	int in_level = 0;

	for (const char *at = template;; at++) {
		enum placeholder which = placeholder_at(at);

		if (which == DEVICE_PATH)
			return true;
		if (which != PLACEHOLDERS) {
			last = 1U << which;
			in_level++;
		}
		if (*at == '/' || *at == '\0') {
			if (in_level == 1)
				found |= last;
			in_level = 0;
		}
		if (*at == '\0')
			break;
	}
	return found == (1U << SUBSCRIPTION | 1U << REGISTRY | 1U << DEVICE);
}

static struct ztp_str value_of(enum placeholder which,
			       const struct ztp_path *path)
{
	switch (which) {
	case SUBSCRIPTION:
		return path->subscription;
	case REGISTRY:
		return path->registry;
	case DEVICE:
		return path->device;
	case DEVICE_PATH:
	case PLACEHOLDERS:
		break;
	}
	return path->whole;
}

size_t ztp_topic_render(char *out, const char *template,
			const struct ztp_path *path)
{
	size_t len = 0;

	for (const char *at = template; *at;) {
		enum placeholder which = placeholder_at(at);
		struct ztp_str piece = {at, 1};

		at += 1;
		if (which != PLACEHOLDERS) {
			piece = value_of(which, path);
			at += strlen(placeholders[which].text) - 1;
		}
		/* never true for a checked template; a guard for others */
		if (piece.n > ZTP_TOPIC_MAX - len)
			break;
		memcpy(out + len, piece.p, piece.n);
		len += piece.n;
	}
	out[len] = '\0';
	return len;
}
