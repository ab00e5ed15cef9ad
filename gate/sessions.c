#include "gate/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

struct ztp_sessions {
	struct ztp_map by_client, by_path, by_topic;
	/* The template, if it may render two paths to the same topic. */
	const char *shared_topic;
};

void ztp_session_username(char name[ZTP_USERNAME_LEN],
			  const uint8_t spki_sha256[ZTP_SHA256_LEN])
{
	memcpy(name, "ztp:", 4);
	ztp_hex_encode(name + 4, spki_sha256, ZTP_SHA256_LEN);
}

const char *ztp_session_state(const struct ztp_session *session)
{
	return session->right == ZTP_RIGHT_HELD ? "held" : "device";
}

/* One that has just come has what the one before it had, and more. */
struct ztp_subscribed ztp_session_subscribed(const struct ztp_session *session)
{
	if (!session->live || session->inherits)
		return session->had;
	return (struct ztp_subscribed){true, session->by_name,
				       session->by_tree};
}

static struct ztp_session *of_client(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct ztp_session, by_client);
}

static struct ztp_session *of_path(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct ztp_session, by_path);
}

static struct ztp_session *of_topic(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct ztp_session, by_topic);
}

struct ztp_sessions *ztp_sessions_new(const char *command_topic)
{
	struct ztp_sessions *sessions = calloc(1, sizeof(*sessions));

	if (!sessions)
		return NULL;
	ztp_random(&sessions->by_client.seed, sizeof(uint64_t));
	ztp_random(&sessions->by_path.seed, sizeof(uint64_t));
	ztp_random(&sessions->by_topic.seed, sizeof(uint64_t));
	if (!ztp_topic_unique(command_topic))
		sessions->shared_topic = command_topic;
	return sessions;
}

static void free_node(struct ztp_map_node *node, void *arg)
{
	(void)arg;
	free(of_client(node));
}

void ztp_sessions_free(struct ztp_sessions *sessions)
{
	if (!sessions)
		return;
	ztp_map_each(&sessions->by_client, free_node, NULL);
	ztp_map_clear(&sessions->by_client);
	ztp_map_clear(&sessions->by_path);
	ztp_map_clear(&sessions->by_topic);
	free(sessions);
}

static uint64_t client_hash(const struct ztp_sessions *sessions,
			    const struct mosquitto *client)
{
	return ztp_map_hash(&sessions->by_client, &client, sizeof(void *));
}

static uint64_t path_hash(const struct ztp_sessions *sessions, const char *path)
{
	return ztp_map_hash(&sessions->by_path, path, strlen(path));
}

static uint64_t topic_hash(const struct ztp_sessions *sessions,
			   const struct ztp_path *path)
{
	char topic[ZTP_TOPIC_MAX + 1];
	size_t len = ztp_topic_render(topic, sessions->shared_topic, path);

	return ztp_map_hash(&sessions->by_topic, topic, len);
}

struct ztp_session *ztp_sessions_by_client(struct ztp_sessions *sessions,
					   const struct mosquitto *client)
{
	struct ztp_map_node *node = ztp_map_first(
		&sessions->by_client, client_hash(sessions, client));

	for (; node; node = ztp_map_next(node))
		if (of_client(node)->client == client)
			return of_client(node);
	return NULL;
}

static struct ztp_session *find_path(struct ztp_sessions *sessions,
				     const char *path, bool live)
{
	struct ztp_map_node *node =
		ztp_map_first(&sessions->by_path, path_hash(sessions, path));

	for (; node; node = ztp_map_next(node))
		if (of_path(node)->live == live &&
		    strcmp(of_path(node)->path, path) == 0)
			return of_path(node);
	return NULL;
}

struct ztp_session *ztp_sessions_by_path(struct ztp_sessions *sessions,
					 const char *path)
{
	struct ztp_session *session = find_path(sessions, path, true);

	if (!session)
		session = find_path(sessions, path, false);
	return session && !session->over ? session : NULL;
}

struct ztp_session *ztp_sessions_sharing(struct ztp_sessions *sessions,
					 const struct ztp_path *path)
{
	char topic[ZTP_TOPIC_MAX + 1], other[ZTP_TOPIC_MAX + 1];
	struct ztp_map_node *node;

	if (!sessions->shared_topic)
		return NULL;
	(void)ztp_topic_render(topic, sessions->shared_topic, path);
	node = ztp_map_first(&sessions->by_topic, topic_hash(sessions, path));
	for (; node; node = ztp_map_next(node)) {
		struct ztp_session *session = of_topic(node);

		if (session->right == ZTP_RIGHT_NONE || session->over ||
		    (session->parts.whole.n == path->whole.n &&
		     memcmp(session->path, path->whole.p, path->whole.n) == 0))
			continue;
		(void)ztp_topic_render(other, sessions->shared_topic,
				       &session->parts);
		if (strcmp(topic, other) == 0)
			return session;
	}
	return NULL;
}

static int enter(struct ztp_sessions *sessions, struct ztp_session *session)
{
	if (ztp_map_insert(&sessions->by_client, &session->by_client,
			   client_hash(sessions, session->client)) != 0)
		return ZTP_ERR_NOMEM;
	if (ztp_map_insert(&sessions->by_path, &session->by_path,
			   path_hash(sessions, session->path)) != 0)
		goto fail;
	if (!sessions->shared_topic ||
	    ztp_map_insert(&sessions->by_topic, &session->by_topic,
			   topic_hash(sessions, &session->parts)) == 0)
		return 0;
	ztp_map_remove(&sessions->by_path, &session->by_path);
fail:
	ztp_map_remove(&sessions->by_client, &session->by_client);
	return ZTP_ERR_NOMEM;
}

struct ztp_session *ztp_sessions_add(struct ztp_sessions *sessions,
				     const struct mosquitto *client,
				     const struct ztp_path *path)
{
	struct ztp_session *session, *old;
	uint8_t random[ZTP_CONNECTION_LEN / 2];
	size_t len = path->whole.n;

	session = calloc(1, sizeof(*session) + len + 1);
	if (!session)
		return NULL;
	memcpy(session->path, path->whole.p, len);
	if (ztp_path_parse(&session->parts, session->path, len, NULL) != 0)
		goto fail;
	while ((old = find_path(sessions, session->path, false)) != NULL)
		ztp_sessions_remove(sessions, old);
	old = ztp_sessions_by_client(sessions, client);
	if (old)
		ztp_sessions_remove(sessions, old);
	session->client = client;
	ztp_random(random, sizeof(random));
	ztp_hex_encode(session->connection, random, sizeof(random));
	session->live = true;
	if (enter(sessions, session) != 0)
		goto fail;
	return session;
fail:
	free(session);
	return NULL;
}

void ztp_sessions_remove(struct ztp_sessions *sessions,
			 struct ztp_session *session)
{
	ztp_map_remove(&sessions->by_client, &session->by_client);
	ztp_map_remove(&sessions->by_path, &session->by_path);
	if (sessions->shared_topic)
		ztp_map_remove(&sessions->by_topic, &session->by_topic);
	free(session);
}

void ztp_sessions_forget(struct ztp_sessions *sessions, const char *path)
{
	struct ztp_session *session = find_path(sessions, path, false);

	if (session && session->over)
		ztp_sessions_remove(sessions, session);
}

struct visiting {
	void (*visit)(struct ztp_session *session, void *arg);
	void *arg;
};

static void visit_node(struct ztp_map_node *node, void *arg)
{
	struct visiting *visiting = arg;

	visiting->visit(of_client(node), visiting->arg);
}

void ztp_sessions_each(struct ztp_sessions *sessions,
		       void (*visit)(struct ztp_session *session, void *arg),
		       void *arg)
{
	struct visiting visiting = {visit, arg};

	ztp_map_each(&sessions->by_client, visit_node, &visiting);
}
