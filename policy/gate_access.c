/*
 * Access control at the gate (DESIGN section 9): rule 1 for devices, rules 2
 * and 3 for everyone else. A client may ask for a filter. Then it must not
 * match any topic that the client may not have.
 */
#include "ztp/gate.h"

#include "ztp/gate_protocol.h"

#include <stdio.h>
#include <string.h>

static const char *level_end(const char *p)
{
	while (*p && *p != '/')
		p++;
	return p;
}

static bool level_is(const char *p, const char *end, char what)
{
	return end - p == 1 && *p == what;
}

static const char *skip_share(const char *filter)
{
	const char *end = level_end(filter);

	if (end - filter != 6 || strncmp(filter, "$share/", 7) != 0)
		return filter;
	end = level_end(end + 1); /* the group */
	return *end ? end + 1 : end;
}

/* True when one level of each filter can match the same text. */
static bool level_overlap(const char *a, const char *a_end, const char *b,
			  const char *b_end)
{
	if (level_is(a, a_end, '+') || level_is(b, b_end, '+'))
		return true;
	return a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
}

bool ztp_gate_overlap(const char *a, const char *b)
{
	a = skip_share(a);
	b = skip_share(b);
	if ((*a == '$' && (*b == '+' || *b == '#')) ||
	    (*b == '$' && (*a == '+' || *a == '#')))
		return false;
	for (;;) {
		const char *a_end = level_end(a), *b_end = level_end(b);

		if (level_is(a, a_end, '#') || level_is(b, b_end, '#'))
			return true;
		if (!level_overlap(a, a_end, b, b_end))
			return false;
		if (!*a_end || !*b_end) {
			/* one ends: `x/#` covers x itself */
			const char *rest = *a_end ? a_end : b_end;

			return !*rest || strcmp(rest, "/#") == 0;
		}
		a = a_end + 1;
		b = b_end + 1;
	}
}

/* {device_path} becomes six levels. A level that contains any other placeholder
 * becomes '+'. */
void ztp_gate_command_filter(char *out, const char *template)
{
	static const char whole[] = ZTP_TEMPLATE_PATH;
	static const char levels[] = ZTP_PATH_OF("{}");
	char spread[2 * ZTP_TOPIC_MAX + 1];
	size_t n = 0, o = 0;

	while (*template && n + sizeof(levels) < sizeof(spread)) {
		if (strncmp(template, whole, sizeof(whole) - 1) == 0) {
			memcpy(spread + n, levels, sizeof(levels) - 1);
			n += sizeof(levels) - 1;
			template += sizeof(whole) - 1;
		} else {
			spread[n++] = *template ++;
		}
	}
	spread[n] = '\0';
	for (const char *p = spread; o + 4 < ZTP_TOPIC_MAX;) {
		const char *end = level_end(p);
		size_t len = (size_t)(end - p);

		if (memchr(p, '{', len)) {
			out[o++] = '+';
		} else if (o + len + 4 < ZTP_TOPIC_MAX) {
			memcpy(out + o, p, len);
			o += len;
		}
		out[o++] = '/';
		if (!*end)
			break;
		p = end + 1;
	}
	out[o++] = '#';
	out[o] = '\0';
}

/* True when topic is base or below it. */
static bool at_or_below(const char *base, size_t len, const char *topic)
{
	return strncmp(topic, base, len) == 0 &&
	       (topic[len] == '\0' || topic[len] == '/');
}

bool ztp_gate_is_command(const char *template, const struct ztp_path *path,
			 const char *topic)
{
	char own[ZTP_TOPIC_MAX + 1];
	size_t len = ztp_topic_render(own, template, path);

	return at_or_below(own, len, topic);
}

/* True when topic is {path}/{name} or below it. */
static bool own_branch(const struct ztp_path *path, const char *name,
		       const char *topic)
{
	size_t n = path->whole.n;

	if (strncmp(topic, path->whole.p, n) != 0 || topic[n] != '/')
		return false;
	return at_or_below(name, strlen(name), topic + n + 1);
}

/* A checked template never renders to one of the gate's own topics, nor to one
 * above them. They are denied here all the same. */
static bool device_reads(enum ztp_right right, const char *template,
			 const struct ztp_path *path, const char *topic)
{
	char own[ZTP_TOPIC_MAX + 1];
	size_t len = ztp_topic_render(own, template, path);

	if (ztp_gate_overlap(topic, ZTP_MQTT_ALL))
		return false;
	if (right == ZTP_RIGHT_HELD)
		return strcmp(topic, own) == 0;
	return at_or_below(own, len, topic) ||
	       own_branch(path, ZTP_BRANCH_CONFIG, topic);
}

enum ztp_gate_answer ztp_gate_device_access(enum ztp_right right,
					    const char *template,
					    const struct ztp_path *path,
					    enum ztp_access access,
					    const char *topic, bool retain)
{
	bool yes = false;

	(void)retain; /* events and state may be retained */
	if (right == ZTP_RIGHT_NONE)
		return ZTP_GATE_DENY;
	switch (access) {
	case ZTP_ACCESS_READ:
	case ZTP_ACCESS_SUBSCRIBE:
		yes = device_reads(right, template, path, topic);
		break;
	case ZTP_ACCESS_WRITE:
	case ZTP_ACCESS_WILL:
		yes = right == ZTP_RIGHT_DEVICE &&
		      (own_branch(path, ZTP_BRANCH_EVENTS, topic) ||
		       own_branch(path, ZTP_BRANCH_STATE, topic)) &&
		      !ztp_gate_is_command(template, path, topic);
		break;
	case ZTP_ACCESS_UNSUBSCRIBE:
		yes = true;
		break;
	}
	return yes ? ZTP_GATE_ALLOW : ZTP_GATE_DENY;
}

enum ztp_gate_answer ztp_gate_other_access(bool is_operator,
					   const char *command_filter,
					   enum ztp_access access,
					   const char *topic, bool retain)
{
	bool command = ztp_gate_overlap(topic, command_filter);
	bool ours = ztp_gate_overlap(topic, ZTP_MQTT_ALL) ||
		    ztp_gate_overlap(topic, ZTP_MQTT_CONTROL_ALL);

	if (access == ZTP_ACCESS_UNSUBSCRIBE)
		return command || ours ? ZTP_GATE_ALLOW : ZTP_GATE_DEFER;
	/* The broker publishes a will on $CONTROL as an ordinary message,
	 * without the handler: a forged answer. A retained message outlives
	 * its author. */
	if ((access == ZTP_ACCESS_WILL ||
	     (access == ZTP_ACCESS_WRITE && retain)) &&
	    (command || ours || ztp_gate_overlap(topic, "$CONTROL/#")))
		return ZTP_GATE_DENY;
	if (!command && !ours &&
	    !ztp_gate_overlap(topic,
			      ZTP_PATH_OF("+") "/" ZTP_BRANCH_CONFIG "/#"))
		return ZTP_GATE_DEFER;
	return is_operator ? ZTP_GATE_ALLOW : ZTP_GATE_DENY;
}
