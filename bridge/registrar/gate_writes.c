#include "bridge/registrar/gate_writes.h"

#include <stdio.h>
#include <string.h>

/* One commit that fails is no news: what was in it is sent again at once. */
#define STAND_MS 10000
/* Longer than the pause between two tries (policy/obligation.c). */
#define FORGET_MS 120000

static bool is_forgotten(const struct gate_writes *w, int64_t now)
{
	return w->since == 0 || now - w->last >= FORGET_MS;
}

void gate_writes_refused(struct gate_writes *w, int64_t now, const char *path,
			 const char *why)
{
	if (is_forgotten(w, now)) {
		w->since = now;
		w->several = false;
		snprintf(w->path, sizeof(w->path), "%s", path);
	}
	w->last = now;
	w->several |= strcmp(path, w->path) != 0;
	snprintf(w->why, sizeof(w->why), "%s", why);
}

void gate_writes_taken(struct gate_writes *w)
{
	w->since = 0;
}

bool gate_writes_stand(const struct gate_writes *w, int64_t now)
{
	return !is_forgotten(w, now) && w->several &&
	       w->last - w->since >= STAND_MS;
}
