/* The questions and commands to the gate that wait for their answers. */
#include "bridge/registrar/registrar_internal.h"

#include <stdio.h>
#include <string.h>

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
		snprintf(op->correlation, sizeof(op->correlation), "%s:%s",
			 prefix, id);
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
