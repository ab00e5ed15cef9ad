#include "bridge/standby/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "bridge/store/store_state.h"
#include "ztp/codec.h"
#include "ztp/role.h"

static struct state_cell text(const char *value)
{
	return (struct state_cell){.type = STATE_TEXT,
				   .bytes = ztp_str_of(value)};
}

static struct state_cell number(int64_t value)
{
	return (struct state_cell){.type = STATE_NUMBER, .number = value};
}

static void random_text(char *out, size_t bytes)
{
	uint8_t random[16];

	ztp_random(random, bytes);
	ztp_hex_encode(out, random, bytes);
}

/* What an epoch has, one after the other. */
enum { RANDOM, GROUP, COMMON, PARTS };
enum { PART = (CLAIM_EPOCH_LEN - 1) / PARTS, PART_BYTES = PART / 2 };

static void group_text(char out[PART + 1], const struct core *core)
{
	const char *group = core->config->kafka.group;
	uint8_t hash[ZTP_SHA256_LEN];

	ztp_sha256(hash, group, strlen(group));
	ztp_hex_encode(out, hash, PART_BYTES);
}

static void common_text(char out[PART + 1], const struct core *core)
{
	const char *client = core->config->mqtt.client_id;
	const char *decisions = core->config->kafka.topics.decisions;
	uint8_t out_of[ZTP_SHA256_LEN];
	struct ztp_sha256 hash;

	ztp_sha256_begin(&hash);
	ztp_sha256_add(&hash, client, strlen(client) + 1);
	ztp_sha256_add(&hash, decisions, strlen(decisions) + 1);
	ztp_sha256_end(&hash, out_of);
	ztp_hex_encode(out, out_of, PART_BYTES);
}

static void make_epoch(struct claim *c, const struct core *core)
{
	random_text(c->epoch + RANDOM * PART, PART_BYTES);
	group_text(c->epoch + GROUP * PART, core);
	common_text(c->epoch + COMMON * PART, core);
}

static bool has_part(const struct ztp_str *epoch, int part, const char *text)
{
	return epoch->n != CLAIM_EPOCH_LEN - 1 ||
	       memcmp(epoch->p + (size_t)part * PART, text, PART) == 0;
}

bool claim_is_alike(const struct ztp_str *epoch, const struct core *core)
{
	char ours[PART + 1];

	common_text(ours, core);
	return has_part(epoch, COMMON, ours);
}

int claim_check_group(const struct state_row *row, const struct core *core,
		      struct ztp_error *error)
{
	const struct ztp_str *epoch = &row->cells[STATE_ACTIVE_EPOCH].bytes;
	const struct ztp_str *who = &row->cells[STATE_ACTIVE_INSTANCE].bytes;
	char ours[PART + 1];

	group_text(ours, core);
	if (has_part(epoch, GROUP, ours))
		return 0;
	return ztp_fail(error, ZTP_ERR_IO,
			"%.*s was active last in %.80s and is of another "
			"kafka.group: this group needs another topic",
			(int)who->n, who->p, core->config->kafka.topics.state);
}

static int put_birth(struct copy *copy, struct ztp_error *error)
{
	char id[33];
	struct state_row row = {.kind = STATE_BIRTH,
				.count = STATE_BIRTH_CELLS};

	random_text(id, 16);
	row.cells[STATE_BIRTH_ID] = text(id);
	row.cells[STATE_BIRTH_AT] = number(ztp_clock_wall());
	return store_state_put(copy_store(copy), &row, error);
}

int claim_put_active(const struct claim *c, const struct core *core,
		     struct copy *copy, bool left, struct ztp_error *error)
{
	struct state_row row = {.kind = STATE_ACTIVE,
				.count = STATE_ACTIVE_CELLS};

	row.cells[STATE_ACTIVE_INSTANCE] = text(core->config->standby.instance);
	row.cells[STATE_ACTIVE_EPOCH] = text(c->epoch);
	row.cells[STATE_ACTIVE_LEFT] = number(left);
	row.cells[STATE_ACTIVE_HOLD_UNTIL] = number(c->hold_until);
	row.cells[STATE_ACTIVE_AT] =
		number(ztp_clock_wall() > core->joined_at ? ztp_clock_wall()
							  : core->joined_at);
	return store_state_put(copy_store(copy), &row, error);
}

/* Of the row `active` as it is, if there is one. */
static int read_active(struct claim *c, const struct core *core,
		       struct copy *copy, struct ztp_error *error)
{
	struct state_bytes bytes = {0};
	struct state_row row;
	int rc = store_state_get(copy_store(copy), STATE_ACTIVE, "", &row,
				 &bytes, error);

	c->left = rc == 1 && row.cells[STATE_ACTIVE_LEFT].number != 0;
	c->hold_until = rc == 1 ? row.cells[STATE_ACTIVE_HOLD_UNTIL].number : 0;
	c->unlike = rc == 1 &&
		    !claim_is_alike(&row.cells[STATE_ACTIVE_EPOCH].bytes, core);
	if (rc == 1)
		rc = claim_check_group(&row, core, error);
	free(bytes.p);
	return rc;
}

/* The one before may have read decisions in another topic, and what it has not read
 * there nobody reads: no silence of those whom it asked is an answer. Each bridge
 * notes for itself which topic it has read, so one that comes back to its own does
 * not see that. */
static int break_silence(struct store *store, struct ztp_error *error)
{
	char at[24];

	snprintf(at, sizeof(at), "%" PRId64, store_newest(store));
	return store_set(store, STORE_LOST, at, error);
}

/* An empty topic has had nobody, so nothing is held and nobody is waited for. */
int claim_put(struct claim *c, const struct core *core, struct copy *copy,
	      struct ztp_error *error)
{
	bool born = copy_has_birth(copy);
	int rc = read_active(c, core, copy, error);

	if (rc < 0)
		return rc;
	if (!born && !copy_is_empty(copy))
		return ztp_fail(error, ZTP_ERR_STATE_LOST,
				"%s has rows, but no birth: --from-standby has "
				"ended it, or --to-standby was not finished",
				core->config->kafka.topics.state);
	if (born)
		c->hold_until = ztp_hold_until(c->hold_until, c->left,
					       ztp_clock_wall());
	c->held_since = born && !c->left ? ztp_clock_boot() : 0;
	c->left = c->left || !born;
	make_epoch(c, core);
	rc = born ? 0 : put_birth(copy, error);
	if (rc == 0 && c->unlike)
		rc = break_silence(copy_store(copy), error);
	return rc == 0 ? claim_put_active(c, core, copy, false, error) : rc;
}

bool claim_stands(const struct claim *c, struct copy *copy, char *who,
		  size_t cap)
{
	struct store *store = copy_store(copy);
	const struct ztp_str *instance;
	struct state_bytes bytes = {0};
	struct state_row row;
	bool stands = true;

	if (store &&
	    store_state_get(store, STATE_ACTIVE, "", &row, &bytes, NULL) == 1)
		stands = ztp_str_is(row.cells[STATE_ACTIVE_EPOCH].bytes,
				    c->epoch);
	if (!stands) {
		instance = &row.cells[STATE_ACTIVE_INSTANCE].bytes;
		snprintf(who, cap, "%.*s", (int)instance->n, instance->p);
	}
	free(bytes.p);
	return stands;
}
