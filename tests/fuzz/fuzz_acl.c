/*
 * Who may read and write what: a template, a device path, and a topic or a
 * filter, one a line. Held against a matcher of its own: a device reaches
 * nothing beyond its own, and nobody but an operator anything of the gate's or
 * of a device's.
 */
#include "fuzz.h"

#include "ztp/gate.h"

/* Does a topic match a filter? MQTT 5 section 4.7. */
static bool matches(const char *filter, const char *topic)
{
	if (*topic == '$' && *filter != '$')
		return false;
	for (;;) {
		size_t f = strcspn(filter, "/"), t = strcspn(topic, "/");

		if (f == 1 && *filter == '#')
			return true;
		if (!(f == 1 && *filter == '+') &&
		    (f != t || memcmp(filter, topic, f) != 0))
			return false;
		filter += f;
		topic += t;
		if (!*topic) /* "a/#" matches "a" as well */
			return !*filter || strcmp(filter, "/#") == 0;
		if (!*filter)
			return false;
		filter++;
		topic++;
	}
}

/* A filter that a broker lets through: a wildcard is a level of its own. */
static bool is_filter(const char *text)
{
	if (!*text || strlen(text) > ZTP_TOPIC_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(text, "/");

		if (n != strcspn(text, "#+") && strcspn(text, "#+") < n &&
		    n > 1)
			return false;
		if (n == 1 && *text == '#' && text[1])
			return false;
		if (!text[n])
			return true;
		text += n + 1;
	}
}

static bool is_topic(const char *text)
{
	return is_filter(text) && !strpbrk(text, "#+");
}

static bool begins(const char *text, const struct ztp_path *path,
		   const char *below)
{
	size_t n = path->whole.n;

	return strncmp(text, path->whole.p, n) == 0 &&
	       strncmp(text + n, below, strlen(below)) == 0;
}

/* "/events/#" is "/events" as well. */
static bool branch(const char *text, const struct ztp_path *path,
		   const char *name)
{
	const char *end = text + path->whole.n + strlen(name);

	return begins(text, path, name) && (*end == '\0' || *end == '/');
}

static bool is_or_below(const char *topic, const char *above)
{
	size_t n = strlen(above);

	return strncmp(topic, above, n) == 0 &&
	       (topic[n] == '\0' || topic[n] == '/');
}

/* --- a device */

static void device(const char *template, const struct ztp_path *path,
		   const char *topic)
{
	char own[ZTP_TOPIC_MAX + 1];
	enum ztp_gate_answer held, full;

	(void)ztp_topic_render(own, template, path);
	held = ztp_gate_device_access(ZTP_RIGHT_HELD, template, path,
				      ZTP_ACCESS_READ, topic, false);
	full = ztp_gate_device_access(ZTP_RIGHT_DEVICE, template, path,
				      ZTP_ACCESS_READ, topic, false);
	MUST(held != ZTP_GATE_DEFER && full != ZTP_GATE_DEFER);
	MUST(held != ZTP_GATE_ALLOW || is_or_below(topic, own));
	MUST(full != ZTP_GATE_ALLOW || is_or_below(topic, own) ||
	     branch(topic, path, "/config"));
	MUST(ztp_gate_device_access(ZTP_RIGHT_NONE, template, path,
				    ZTP_ACCESS_READ, topic,
				    false) == ZTP_GATE_DENY);
	MUST(ztp_gate_device_access(ZTP_RIGHT_HELD, template, path,
				    ZTP_ACCESS_WRITE, topic,
				    false) == ZTP_GATE_DENY);
	full = ztp_gate_device_access(ZTP_RIGHT_DEVICE, template, path,
				      ZTP_ACCESS_WRITE, topic, false);
	MUST(full != ZTP_GATE_ALLOW || branch(topic, path, "/events") ||
	     branch(topic, path, "/state"));
}

/* What it subscribes to reaches nothing that it may not read. */
static void device_filter(const char *template, const struct ztp_path *path,
			  const char *filter)
{
	static const char *const foreign[] = {
		"ztp/v1/pending", "ztp/v1/audit", "$CONTROL/ztp/v1/response",
		"subscriptions/o/registries/o/devices/o/commands",
		"subscriptions/o/registries/o/devices/o/config"};
	size_t i;

	for (i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		MUST(!matches(filter, foreign[i]) ||
		     begins(foreign[i], path, "/") ||
		     ztp_gate_device_access(ZTP_RIGHT_DEVICE, template, path,
					    ZTP_ACCESS_SUBSCRIBE, filter,
					    false) == ZTP_GATE_DENY);
}

/* --- everybody else */

static void others(const char *template, const struct ztp_path *path,
		   const char *filter)
{
	char commands[ZTP_TOPIC_MAX + 1], own[ZTP_TOPIC_MAX + 1];
	const char *secret[] = {"ztp/v1/pending", "$CONTROL/ztp/v1", own};
	size_t i;

	ztp_gate_command_filter(commands, template);
	(void)ztp_topic_render(own, template, path);
	MUST(ztp_gate_overlap(commands, own));
	for (i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
		if (!matches(filter, secret[i]))
			continue;
		MUST(ztp_gate_overlap(filter, secret[i]));
		MUST(ztp_gate_other_access(false, commands,
					   ZTP_ACCESS_SUBSCRIBE, filter,
					   false) == ZTP_GATE_DENY);
		MUST(ztp_gate_other_access(true, commands, ZTP_ACCESS_WILL,
					   filter, false) == ZTP_GATE_DENY);
	}
	for (i = 0; is_topic(filter) && i < sizeof(secret) / sizeof(*secret);
	     i++)
		MUST(strcmp(filter, secret[i]) != 0 ||
		     ztp_gate_other_access(false, commands, ZTP_ACCESS_WRITE,
					   filter, false) == ZTP_GATE_DENY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *template = fuzz_line(&data, &size);
	char *text = fuzz_line(&data, &size), *topic = fuzz_line(&data, &size);
	struct ztp_path path;

	if (ztp_topic_check(template, NULL) == 0 && is_filter(topic) &&
	    ztp_path_parse(&path, text, strlen(text), NULL) == 0) {
		if (is_topic(topic))
			device(template, &path, topic);
		device_filter(template, &path, topic);
		others(template, &path, topic);
		MUST(ztp_gate_overlap(topic, topic) || *topic == '$' ||
		     strncmp(topic, "+", 1) == 0);
	}
	free(topic);
	free(text);
	free(template);
	return 0;
}
