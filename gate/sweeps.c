/*
 * An answer belongs to all sweeps that its message has begun. Its commands may
 * have been written in many transactions, and what is lost of it is said when it
 * is lost.
 */
#include "gate/sweeps.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/outbox.h"
#include "ztp/gate_protocol.h"
#include "ztp/member.h"

static const char sql_all[] =
	"SELECT id, registry, ca, ended, sessions FROM sweeps ORDER BY id";
static const char sql_add[] =
	"INSERT INTO sweeps(registry, ca, ended, sessions) VALUES(?1, ?2, ?3, "
	"?4)";
static const char sql_count[] =
	"UPDATE sweeps SET ended = ended + ?2, sessions = sessions + ?3 WHERE "
	"id = ?1";
static const char sql_remove[] = "DELETE FROM sweeps WHERE id = ?1";

/* ---- answers */

/* Owned by all sweeps that it waits for. */
struct ztp_parked {
	cJSON *answer;
	/* The commits that its responses hang on. NULL: there was no memory,
	 * and any loss is one of all of them. */
	uint64_t *groups;
	size_t count;
};

static void parked_free(struct ztp_parked *parked)
{
	free(parked->groups);
	free(parked);
}

static bool is_awaited(const struct ztp_sweeps *sweeps,
		       const struct ztp_parked *parked)
{
	for (size_t i = 0; i < sweeps->count; i++)
		if (sweeps->all[i].parked == parked)
			return true;
	return false;
}

static void publish(struct ztp_gate *gate, struct ztp_parked *parked)
{
	ztp_outbox_answer(gate, parked->answer, parked->groups, parked->count);
	parked_free(parked);
}

void ztp_sweeps_answer(struct ztp_gate *gate, int64_t id, cJSON *data)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;

	for (size_t i = 0; i < sweeps->count; i++) {
		if (sweeps->all[i].id != id)
			continue;
		sweeps->all[i].data = data;
		sweeps->all[i].group = ztp_db_group(gate->db);
	}
}

static struct ztp_parked *park(cJSON *answer, const uint64_t *groups,
			       size_t count)
{
	struct ztp_parked *parked = calloc(1, sizeof(*parked));

	if (!parked)
		return NULL;
	parked->answer = answer;
	if (groups && count > 0)
		parked->groups = malloc(count * sizeof(*groups));
	if (parked->groups) {
		memcpy(parked->groups, groups, count * sizeof(*groups));
		parked->count = count;
	}
	return parked;
}

static bool has_to_wait(const struct ztp_sweep *sweep)
{
	return sweep->data && !sweep->parked;
}

/* Without memory nobody is answered, and whoever asked asks again. */
bool ztp_sweeps_park(struct ztp_gate *gate, cJSON *answer,
		     const uint64_t *groups, size_t count)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;
	struct ztp_parked *parked = NULL;
	bool waits = false;

	for (size_t i = 0; i < sweeps->count; i++)
		waits = waits || has_to_wait(&sweeps->all[i]);
	if (!waits)
		return false;
	parked = park(answer, groups, count);
	for (size_t i = 0; i < sweeps->count; i++) {
		if (!has_to_wait(&sweeps->all[i]))
			continue;
		sweeps->all[i].parked = parked;
		if (!parked)
			sweeps->all[i].data = NULL;
	}
	if (!parked)
		cJSON_Delete(answer);
	return true;
}

/* What has been answered OK, and is lost. */
static void spoil(struct ztp_sweeps *sweeps, struct ztp_parked *parked,
		  uint64_t kept)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(parked->answer,
						       ZTP_M_RESPONSES);

	ztp_outbox_spoil(list, parked->groups, kept);
	for (size_t i = 0; i < sweeps->count; i++)
		if (sweeps->all[i].parked == parked &&
		    (!parked->groups || sweeps->all[i].group > kept))
			sweeps->all[i].data = NULL;
}

void ztp_sweeps_lost(struct ztp_gate *gate, uint64_t kept)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;

	sweeps->last = 0;
	/* On a disk that is full the next page would be lost as well, and that
	 * in each turn of the loop. */
	sweeps->next = ztp_clock_boot() + ZTP_SWEEPS_AGAIN_MS;
	for (size_t i = 0; i < sweeps->count; i++) {
		struct ztp_sweep *sweep = &sweeps->all[i];
		struct ztp_parked *parked = sweep->parked;

		if (parked && sweep->data)
			spoil(sweeps, parked, kept);
		else if (!parked && sweep->group > kept)
			sweep->data = NULL; /* still being answered */
		if (!parked || sweep->data)
			continue;
		sweep->parked = NULL;
		if (!is_awaited(sweeps, parked))
			publish(gate, parked);
	}
}

/* The numbers in a response are true with the commit of the last page. */
static void hang(struct ztp_parked *parked, const cJSON *data, uint64_t group)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(parked->answer,
							     ZTP_M_RESPONSES);
	const cJSON *response = list ? list->child : NULL;

	for (size_t i = 0; response && i < parked->count;
	     i++, response = response->next)
		if (cJSON_GetObjectItemCaseSensitive(response, ZTP_M_DATA) ==
		    data)
			parked->groups[i] = group;
}

void ztp_sweeps_finish(struct ztp_gate *gate)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;
	struct ztp_sweep sweep = sweeps->all[0];

	memmove(&sweeps->all[0], &sweeps->all[1],
		--sweeps->count * sizeof(sweep));
	if (!sweep.data)
		return;
	ztp_tree_put_number(sweep.data, ZTP_M_ENDED, (double)sweep.ended);
	ztp_tree_put_number(sweep.data, ZTP_M_SESSIONS, (double)sweep.sessions);
	if (!sweep.parked)
		return; /* its message is still being answered */
	hang(sweep.parked, sweep.data, ztp_db_group(gate->db));
	if (!is_awaited(sweeps, sweep.parked))
		publish(gate, sweep.parked);
}

void ztp_sweeps_rotate(struct ztp_gate *gate)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;
	struct ztp_sweep first = sweeps->all[0];

	memmove(&sweeps->all[0], &sweeps->all[1],
		(sweeps->count - 1) * sizeof(first));
	sweeps->all[sweeps->count - 1] = first;
}

/* Is a's turn after b's, when it has been that of `id`? Those that have a lower
 * one come after those that have a higher one. */
static bool is_later(const struct ztp_sweep *a, const struct ztp_sweep *b,
		     int64_t id)
{
	if ((a->id <= id) != (b->id <= id))
		return a->id <= id;
	return a->id > b->id;
}

void ztp_sweeps_put_off(struct ztp_gate *gate, int64_t id)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;
	size_t next = 0;

	for (size_t i = 1; i < sweeps->count; i++)
		if (is_later(&sweeps->all[next], &sweeps->all[i], id))
			next = i;
	while (next-- > 0)
		ztp_sweeps_rotate(gate);
}

/* ---- the list */

static struct ztp_sweep *append(struct ztp_sweeps *sweeps)
{
	void *grown = realloc(sweeps->all,
			      (sweeps->count + 1) * sizeof(*sweeps->all));

	if (!grown)
		return NULL;
	sweeps->all = grown;
	sweeps->all[sweeps->count] = (struct ztp_sweep){0};
	return &sweeps->all[sweeps->count++];
}

/* Who waited for it goes on waiting. */
static void keep_answer(struct ztp_sweep *sweep,
			const struct ztp_sweeps *before)
{
	for (size_t i = 0; i < before->count; i++) {
		if (before->all[i].id != sweep->id)
			continue;
		sweep->group = before->all[i].group;
		sweep->data = before->all[i].data;
		sweep->parked = before->all[i].parked;
	}
}

static int read_all(struct ztp_db *db, struct ztp_sweeps *sweeps,
		    struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(db, sql_all, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	while ((rc = ztp_db_step(db, stmt, error)) > 0) {
		struct ztp_sweep *sweep = append(sweeps);

		if (!sweep) {
			rc = ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
			break;
		}
		sweep->id = sqlite3_column_int64(stmt, 0);
		sweep->of_ca = sqlite3_column_bytes(stmt, 2) > 0;
		sweep->ended = sqlite3_column_int64(stmt, 3);
		sweep->sessions = sqlite3_column_int64(stmt, 4);
		if (ztp_db_get_text(stmt, 1, sweep->registry,
				    sizeof(sweep->registry)) &&
		    (!sweep->of_ca ||
		     ztp_db_get_blob(stmt, 2, sweep->ca, ZTP_SHA256_LEN)))
			continue;
		rc = ztp_fail(error, ZTP_ERR_IO,
			      "registry database: a sweep in it is not valid");
		break;
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_sweeps_reload(struct ztp_gate *gate, struct ztp_error *error)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;
	struct ztp_sweeps now = {0};
	int rc = read_all(gate->db, &now, error);

	if (rc != 0) {
		free(now.all);
		return rc;
	}
	for (size_t i = 0; i < now.count; i++)
		keep_answer(&now.all[i], sweeps);
	free(sweeps->all);
	sweeps->all = now.all;
	sweeps->count = now.count;
	return 0;
}

void ztp_sweeps_clear(struct ztp_gate *gate)
{
	struct ztp_sweeps *sweeps = &gate->sweeps;

	for (size_t i = 0; i < sweeps->count; i++) {
		struct ztp_parked *parked = sweeps->all[i].parked;

		sweeps->all[i].parked = NULL;
		if (!parked || is_awaited(sweeps, parked))
			continue;
		cJSON_Delete(parked->answer);
		parked_free(parked);
	}
	free(sweeps->all);
	*sweeps = (struct ztp_sweeps){0};
}

bool ztp_sweeps_run(const struct ztp_gate *gate, const char *registry,
		    const uint8_t *ca)
{
	for (size_t i = 0; i < gate->sweeps.count; i++) {
		const struct ztp_sweep *sweep = &gate->sweeps.all[i];

		if (strcmp(sweep->registry, registry) == 0 &&
		    (!ca || !sweep->of_ca ||
		     memcmp(sweep->ca, ca, ZTP_SHA256_LEN) == 0))
			return true;
	}
	return false;
}

bool ztp_sweeps_cover(const struct ztp_gate *gate, const struct ztp_path *path,
		      const uint8_t *ca)
{
	char name[ZTP_REGISTRY_MAX + 1];
	size_t s = path->subscription.n, r = path->registry.n;

	if (gate->sweeps.count == 0)
		return false;
	memcpy(name, path->subscription.p, s);
	name[s] = '/';
	memcpy(name + s + 1, path->registry.p, r);
	name[s + 1 + r] = '\0';
	return ztp_sweeps_run(gate, name, ca);
}

/* ---- the database */

int ztp_sweeps_add(struct ztp_gate *gate, struct ztp_sweep *sweep,
		   struct ztp_error *error)
{
	struct ztp_sweep *place;
	sqlite3_stmt *stmt;
	int rc;

	if (gate->sweeps.count == ZTP_SWEEPS_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_MANY,
				"the candidates of %d others are still being "
				"ended",
				ZTP_SWEEPS_MAX);
	stmt = ztp_db_use(gate->db, sql_add, error);
	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, sweep->registry);
	ztp_db_blob(stmt, 2, sweep->ca, sweep->of_ca ? ZTP_SHA256_LEN : 0);
	ztp_db_int(stmt, 3, sweep->ended);
	ztp_db_int(stmt, 4, sweep->sessions);
	rc = ztp_db_run(gate->db, stmt, error);
	if (rc != 0)
		return rc;
	place = append(&gate->sweeps);
	if (!place)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	sweep->id = sqlite3_last_insert_rowid(sqlite3_db_handle(stmt));
	*place = *sweep;
	gate->sweeps.last = ztp_db_group(gate->db);
	return 0;
}

int ztp_sweeps_note(struct ztp_gate *gate, const struct ztp_sweep *sweep,
		    int64_t ended, int64_t sessions, bool all,
		    struct ztp_error *error)
{
	sqlite3_stmt *stmt =
		ztp_db_use(gate->db, all ? sql_remove : sql_count, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_int(stmt, 1, sweep->id);
	if (!all) {
		ztp_db_int(stmt, 2, ended);
		ztp_db_int(stmt, 3, sessions);
	}
	return ztp_db_run(gate->db, stmt, error);
}
