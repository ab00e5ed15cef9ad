/* The questions and commands to the gate that wait for their answers. */
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <string.h>

#define MARK_HASHED 8 /* bytes of the group's hash, if it is too long */

/* Is it written in JSON as it is? */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~' || *text == '"' || *text == '\\')
			return false;
	return true;
}

/* The group is this bridge's alone. */
void registrar_name(struct registrar *g)
{
	const char *group = g->core->config->kafka.group;
	char short_name[2 * MARK_HASHED + 1];
	uint8_t hash[ZTP_SHA256_LEN];

	if (strlen(group) + sizeof("/") > sizeof(g->mark) || !is_plain(group)) {
		ztp_sha256(hash, group, strlen(group));
		ztp_hex_encode(short_name, hash, MARK_HASHED);
		group = short_name;
	}
	snprintf(g->mark, sizeof(g->mark), "%s/", group);
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
			    enum registrar_question kind, const char *prefix,
			    const char *id)
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
		registrar_correlate(op->correlation, g, prefix, id);
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
