/*
 * A topic and its device are known by hashes: no text of the two is needed, and
 * there may be as many of them as devices. A change is remembered until its commit
 * is durable. Changes are taken back in the opposite order, so each finds the
 * topics as it left them.
 */
#include "gate/topics.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "gate/map.h"

#define ID_BYTES 16 /* of the SHA-256: enough to tell any two apart */

struct owner {
	uint8_t topic[ID_BYTES], device[ID_BYTES];
	struct ztp_map_node by_topic, by_device;
};

struct change {
	struct change *before, *after;
	uint64_t group, number;
	struct owner *owner; /* owned, if it was released */
	bool claimed;	     /* otherwise it was released */
};

struct ztp_topics {
	struct ztp_db *db;
	const char *template; /* NULL: no two devices have the same topic */
	struct ztp_map by_topic, by_device;
	struct change *first, *last; /* owned; not durable */
	uint64_t number, mark;
};

static const char sql_paths[] =
	"SELECT path FROM devices ORDER BY created_at, path";

/* ---- owners */

static void id_of(uint8_t id[ID_BYTES], const char *text, size_t len)
{
	uint8_t digest[ZTP_SHA256_LEN];

	ztp_sha256(digest, text, len);
	memcpy(id, digest, ID_BYTES);
}

static void id_of_topic(uint8_t id[ID_BYTES], const struct ztp_topics *topics,
			const struct ztp_path *path)
{
	char topic[ZTP_TOPIC_MAX + 1];

	id_of(id, topic, ztp_topic_render(topic, topics->template, path));
}

static struct owner *of_topic(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct owner, by_topic);
}

static struct owner *of_device(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct owner, by_device);
}

static struct owner *find_topic(const struct ztp_topics *topics,
				const uint8_t topic[ID_BYTES])
{
	struct ztp_map_node *node =
		ztp_map_first(&topics->by_topic,
			      ztp_map_hash(&topics->by_topic, topic, ID_BYTES));

	for (; node; node = ztp_map_next(node))
		if (memcmp(of_topic(node)->topic, topic, ID_BYTES) == 0)
			return of_topic(node);
	return NULL;
}

static struct owner *find_device(const struct ztp_topics *topics,
				 const uint8_t device[ID_BYTES])
{
	struct ztp_map_node *node = ztp_map_first(
		&topics->by_device,
		ztp_map_hash(&topics->by_device, device, ID_BYTES));

	for (; node; node = ztp_map_next(node))
		if (memcmp(of_device(node)->device, device, ID_BYTES) == 0)
			return of_device(node);
	return NULL;
}

/* Does not fail for an owner that was in it before. */
static int enter(struct ztp_topics *topics, struct owner *owner)
{
	if (ztp_map_insert(&topics->by_topic, &owner->by_topic,
			   ztp_map_hash(&topics->by_topic, owner->topic,
					ID_BYTES)) != 0)
		return ZTP_ERR_NOMEM;
	if (ztp_map_insert(&topics->by_device, &owner->by_device,
			   ztp_map_hash(&topics->by_device, owner->device,
					ID_BYTES)) == 0)
		return 0;
	ztp_map_remove(&topics->by_topic, &owner->by_topic);
	return ZTP_ERR_NOMEM;
}

static void leave(struct ztp_topics *topics, struct owner *owner)
{
	ztp_map_remove(&topics->by_topic, &owner->by_topic);
	ztp_map_remove(&topics->by_device, &owner->by_device);
}

/* ---- changes */

static void append(struct ztp_topics *topics, struct change *change,
		   struct owner *owner, bool claimed)
{
	*change = (struct change){
		.before = topics->last,
		.group = ztp_db_group(topics->db),
		.number = ++topics->number,
		.owner = owner,
		.claimed = claimed,
	};
	if (topics->last)
		topics->last->after = change;
	else
		topics->first = change;
	topics->last = change;
}

static void drop_first(struct ztp_topics *topics)
{
	struct change *change = topics->first;

	topics->first = change->after;
	if (topics->first)
		topics->first->before = NULL;
	else
		topics->last = NULL;
	if (!change->claimed)
		free(change->owner);
	free(change);
}

static void take_back_last(struct ztp_topics *topics)
{
	struct change *change = topics->last;

	topics->last = change->before;
	if (topics->last)
		topics->last->after = NULL;
	else
		topics->first = NULL;
	if (change->claimed) {
		leave(topics, change->owner);
		free(change->owner);
	} else {
		(void)enter(topics, change->owner);
	}
	free(change);
}

void ztp_topics_mark(struct ztp_topics *topics)
{
	topics->mark = topics->number;
}

void ztp_topics_undo(struct ztp_topics *topics)
{
	while (topics->last && topics->last->number > topics->mark)
		take_back_last(topics);
}

void ztp_topics_durable(struct ztp_topics *topics, uint64_t group)
{
	while (topics->first && topics->first->group <= group)
		drop_first(topics);
}

void ztp_topics_lost(struct ztp_topics *topics, uint64_t kept)
{
	while (topics->last && topics->last->group > kept)
		take_back_last(topics);
}

/* ---- devices */

bool ztp_topics_taken(const struct ztp_topics *topics,
		      const struct ztp_path *path)
{
	uint8_t topic[ID_BYTES], device[ID_BYTES];
	const struct owner *owner;

	if (!topics->template)
		return false;
	id_of_topic(topic, topics, path);
	owner = find_topic(topics, topic);
	id_of(device, path->whole.p, path->whole.n);
	return owner && memcmp(owner->device, device, ID_BYTES) != 0;
}

int ztp_topics_claim(struct ztp_topics *topics, const struct ztp_path *path,
		     struct ztp_error *error)
{
	uint8_t topic[ID_BYTES], device[ID_BYTES];
	struct change *change;
	struct owner *owner;

	if (!topics->template)
		return 0;
	id_of_topic(topic, topics, path);
	id_of(device, path->whole.p, path->whole.n);
	if (find_topic(topics, topic) || find_device(topics, device))
		return 0;
	owner = calloc(1, sizeof(*owner));
	change = malloc(sizeof(*change));
	if (!owner || !change)
		goto fail;
	memcpy(owner->topic, topic, ID_BYTES);
	memcpy(owner->device, device, ID_BYTES);
	if (enter(topics, owner) != 0)
		goto fail;
	append(topics, change, owner, true);
	return 0;
fail:
	free(owner);
	free(change);
	return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

int ztp_topics_release(struct ztp_topics *topics, const char *path,
		       struct ztp_error *error)
{
	uint8_t device[ID_BYTES];
	struct change *change;
	struct owner *owner;

	if (!topics->template)
		return 0;
	id_of(device, path, strlen(path));
	owner = find_device(topics, device);
	if (!owner)
		return 0;
	change = malloc(sizeof(*change));
	if (!change)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	leave(topics, owner);
	append(topics, change, owner, false);
	return 0;
}

/* The list is being read: a claim only reads memory. */
static int load(struct ztp_topics *topics, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(topics->db, sql_paths, error);
	char text[ZTP_PATH_MAX + 1];
	struct ztp_path path;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	while ((rc = ztp_db_step(topics->db, stmt, error)) > 0) {
		rc = ZTP_ERR_IO;
		if (!ztp_db_get_text(stmt, 0, text, sizeof(text)) ||
		    ztp_path_parse(&path, text, strlen(text), error) != 0)
			break;
		rc = ztp_topics_claim(topics, &path, error);
		if (rc != 0)
			break;
		ztp_topics_durable(topics, UINT64_MAX);
	}
	(void)sqlite3_reset(stmt);
	return rc;
}

int ztp_topics_load(struct ztp_topics **out, struct ztp_db *db,
		    const char *template, struct ztp_error *error)
{
	struct ztp_topics *topics = calloc(1, sizeof(*topics));
	int rc;

	*out = NULL;
	if (!topics)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	topics->db = db;
	if (!ztp_topic_unique(template))
		topics->template = template;
	ztp_random(&topics->by_topic.seed, sizeof(uint64_t));
	ztp_random(&topics->by_device.seed, sizeof(uint64_t));
	rc = topics->template ? load(topics, error) : 0;
	if (rc != 0) {
		ztp_topics_free(topics);
		return rc;
	}
	*out = topics;
	return 0;
}

static void free_node(struct ztp_map_node *node, void *arg)
{
	(void)arg;
	free(of_topic(node));
}

void ztp_topics_free(struct ztp_topics *topics)
{
	if (!topics)
		return;
	while (topics->first)
		drop_first(topics);
	ztp_map_each(&topics->by_topic, free_node, NULL);
	ztp_map_clear(&topics->by_topic);
	ztp_map_clear(&topics->by_device);
	free(topics);
}
