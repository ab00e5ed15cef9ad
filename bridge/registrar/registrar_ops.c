/* The questions and commands to the gate that wait for their answers. */
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <string.h>

/* In correlationData, before the request's id. A bridge hears the answers to what
 * the one before it has asked, so they stay. */
static const char *const prefixes[REGISTRAR_QUESTIONS] = {
	[REGISTRAR_CREATE] = "create", [REGISTRAR_REJECT] = "reject",
	[REGISTRAR_ASK_HELD] = "held", [REGISTRAR_ASK_DEVICE] = "device",
	[REGISTRAR_ASK_MADE] = "made",
};

#define MARK_HASHED 8	/* bytes of the name's hash, if it is too long */
#define NAME_ROOM   400 /* kafka.group, "/", standby.instance */

/* Is it written in JSON as it is? */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

/* The group is this bridge's alone, or its standbys' as well: an answer to the one
 * that was active before is none to this one. */
void registrar_name(struct registrar *g)
{
	const struct config *config = g->core->config;
	bool several = config->standby.enabled;
	char name[NAME_ROOM], short_name[2 * MARK_HASHED + 1];
	uint8_t hash[ZTP_SHA256_LEN];
	const char *mark = name;

	snprintf(name, sizeof(name), "%s%s%s", config->kafka.group,
		 several ? "/" : "", several ? config->standby.instance : "");
	if (strlen(name) + sizeof("/") > sizeof(g->mark) || !is_plain(name)) {
		ztp_sha256(hash, name, strlen(name));
		ztp_hex_encode(short_name, hash, MARK_HASHED);
		mark = short_name;
	}
	snprintf(g->mark, sizeof(g->mark), "%.*s/", (int)sizeof(g->mark) - 2,
		 mark);
}

void registrar_correlate(char out[CONTROL_CORRELATION],
			 const struct registrar *g, const char *what,
			 const char *id)
{
	snprintf(out, CONTROL_CORRELATION, "%s%s:%s", g->mark, what, id);
}

bool registrar_is_ours(const struct registrar *g, const char *correlation)
{
	return strncmp(correlation, g->mark, strlen(g->mark)) == 0;
}

bool registrar_holds_ours(const struct registrar *g, const char *text,
			  size_t len)
{
	char begin[sizeof("\"") + sizeof(g->mark)];
	int n = snprintf(begin, sizeof(begin), "\"%s", g->mark);

	return memmem(text, len, begin, (size_t)n) != NULL;
}

struct op *registrar_new_op(struct registrar *g, int64_t n,
			    enum registrar_question kind, const char *id)
{
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++) {
		struct op *op = &g->ops[i];

		if (op->n != 0)
			continue;
		memset(op, 0, sizeof(*op));
		op->n = n;
		op->kind = kind;
		op->by = g->core->now + REGISTRAR_ANSWER_MS;
		registrar_correlate(op->correlation, g, prefixes[kind], id);
		g->busy++;
		if (kind != REGISTRAR_ASK_DEVICE)
			row_set_add(&g->commanded, n);
		return op;
	}
	return NULL;
}

void registrar_free_op(struct registrar *g, struct op *op)
{
	if (op->kind != REGISTRAR_ASK_DEVICE)
		row_set_remove(&g->commanded, op->n);
	op->n = 0;
	g->busy--;
}

/* --- late answers. A gate that takes longer than REGISTRAR_ANSWER_MS for each of
 * them would else never be heard: it answers getInfo, without which nothing is asked
 * again, after what it was asked before. */

static bool is_owed(enum registrar_question kind, enum ztp_owed what)
{
	switch (kind) {
	case REGISTRAR_CREATE:
	case REGISTRAR_ASK_MADE:
		return what == ZTP_OWED_REGISTER;
	case REGISTRAR_REJECT:
		return what == ZTP_OWED_RELEASE;
	case REGISTRAR_ASK_HELD:
		return what == ZTP_OWED_NOTICE_CHECK;
	case REGISTRAR_ASK_DEVICE:
		return what == ZTP_OWED_WAIT_DEVICE;
	}
	return false;
}

/* Our own mark, a prefix, a colon and an id. */
static bool read_correlation(const struct registrar *g, const char *correlation,
			     enum registrar_question *kind, const char **id)
{
	const char *prefix = correlation + strlen(g->mark);
	const char *colon = strchr(prefix, ':');
	int i;

	if (!colon)
		return false;
	*id = colon + 1;
	for (i = 0; i < REGISTRAR_QUESTIONS; i++) {
		*kind = (enum registrar_question)i;
		if (strlen(prefixes[i]) == (size_t)(colon - prefix) &&
		    memcmp(prefixes[i], prefix, (size_t)(colon - prefix)) == 0)
			return true;
	}
	return false;
}

/* Of a row, there is at most one at a time. */
static struct op *find_op(struct registrar *g, int64_t n)
{
	int i;

	for (i = 0; i < REGISTRAR_WINDOW; i++)
		if (g->ops[i].n == n)
			return &g->ops[i];
	return NULL;
}

struct op *registrar_late_op(struct registrar *g, const char *correlation)
{
	enum registrar_question kind;
	struct store_request r;
	struct op *op;
	const char *id;

	if (!read_correlation(g, correlation, &kind, &id) ||
	    store_request_by_id(g->store, id, &r, NULL) <= 0 ||
	    !is_owed(kind, r.owed.what))
		return NULL;
	op = find_op(g, r.n);
	if (op && op->done && !op->lost)
		return NULL; /* it has an answer already */
	if (op)
		registrar_free_op(g, op); /* or did not need to be asked */
	return registrar_new_op(g, r.n, kind, id);
}
