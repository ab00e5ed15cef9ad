#include "bridge/store/store_move.h"

#include <stdio.h>
#include <string.h>

#include "bridge/store/store_state_internal.h"

/* What STORE_MOVE says: "to BIRTH" or "from". */
#define TO   "to "
#define FROM "from"

int store_move_get(struct store *store, struct store_moving *moving,
		   struct ztp_error *error)
{
	char text[sizeof(TO) + STORE_BIRTH_MAX];
	int rc = store_get(store, STORE_MOVE, text, sizeof(text), error);

	*moving = (struct store_moving){0};
	if (strcmp(text, FROM) == 0)
		moving->move = STORE_FROM_STANDBY;
	else if (strncmp(text, TO, strlen(TO)) == 0)
		moving->move = STORE_TO_STANDBY;
	if (moving->move == STORE_TO_STANDBY)
		snprintf(moving->birth, sizeof(moving->birth), "%s",
			 text + strlen(TO));
	return rc < 0 ? rc : 0;
}

int store_move_set(struct store *store, const struct store_moving *moving,
		   struct ztp_error *error)
{
	char text[sizeof(TO) + STORE_BIRTH_MAX] = "";

	if (moving->move == STORE_FROM_STANDBY)
		snprintf(text, sizeof(text), FROM);
	else if (moving->move == STORE_TO_STANDBY)
		snprintf(text, sizeof(text), TO "%s", moving->birth);
	return store_set(store, STORE_MOVE, text, error);
}

/* --- whose it is */

static int refuse_moving(struct store *store, struct ztp_error *error)
{
	struct store_moving moving;
	int rc = store_move_get(store, &moving, error);

	if (rc == 0 && moving.move != STORE_MOVE_NONE)
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "store %s: --%s was not finished: run it again",
			      store->path,
			      moving.move == STORE_TO_STANDBY
				      ? STORE_TO_OPTION
				      : STORE_FROM_OPTION);
	return rc;
}

int store_refuse_copy(struct store *store, struct ztp_error *error)
{
	struct store_copy copy;
	int rc = refuse_moving(store, error);

	if (rc == 0)
		rc = store_copy_get(store, &copy, error);
	if (rc == 0 && (copy.next != 0 || copy.partly))
		rc = ztp_fail(
			error, ZTP_ERR_USAGE,
			"store %s is a copy of what several bridges have: "
			"--from-standby makes a single bridge's of it",
			store->path);
	return rc;
}

bool store_has_own(struct store *store, const char *topic)
{
	return store_list_next(store, 0, false) != 0 ||
	       store_outbox_count(store) > 0 || store_offset_any(store, topic);
}

int store_refuse_single(struct store *store, const char *topic,
			struct store_copy *copy, struct ztp_error *error)
{
	int rc = refuse_moving(store, error);

	if (rc == 0)
		rc = store_copy_get(store, copy, error);
	if (rc == 0 && copy->next == 0 && !copy->partly &&
	    store_has_own(store, topic))
		rc = ztp_fail(error, ZTP_ERR_USAGE,
			      "store %s is a single bridge's: "
			      "--to-standby makes a group's of it",
			      store->path);
	return rc;
}

/* --- from one to the other */

static int remove_row(struct store *store, enum state_kind kind,
		      struct ztp_error *error)
{
	const struct state_row row = {.kind = kind, .removed = true};

	return store_state_put(store, &row, error);
}

int store_make_single(struct store *store, const struct journal_mark *mark,
		      struct ztp_error *error)
{
	static const struct store_moving done = {0};
	static const struct store_copy none = {0};
	int rc = store_mark_set(store, mark, mark, error);

	if (rc == 0)
		rc = remove_row(store, STATE_BIRTH, error);
	if (rc == 0)
		rc = remove_row(store, STATE_ACTIVE, error);
	if (rc == 0)
		rc = store_move_set(store, &done, error);
	return rc == 0 ? store_copy_commit(store, &none, error) : rc;
}

int store_make_copy(struct store *store, const struct store_copy *copy,
		    struct ztp_error *error)
{
	static const struct store_moving done = {0};
	int rc = store_move_set(store, &done, error);

	return rc == 0 ? store_copy_commit(store, copy, error) : rc;
}
