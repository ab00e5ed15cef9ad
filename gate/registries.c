#include "gate/registries.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

struct ztp_registries {
	struct ztp_db *db;
	struct ztp_map by_name;
	struct ztp_counting counting;
};

static const char sql_all[] =
	"SELECT name, onboarding, audience, created_at FROM registries";
static const char sql_cas[] = "SELECT registry, pem FROM cas";
static const char sql_devices[] =
	"SELECT registry, count(*) FROM devices GROUP BY registry";
static const char sql_candidates[] =
	"SELECT registry, count(*) FROM candidates WHERE rejected = 0 GROUP BY "
	"registry";
static const char sql_rejected[] =
	"SELECT registry, count(*) FROM candidates WHERE rejected = 1 GROUP BY "
	"registry";
static const char sql_rejected_of[] =
	"SELECT count(*) FROM candidates WHERE rejected = 1 AND registry = ?1";
static const char sql_put[] =
	"INSERT INTO registries(name, onboarding, audience, created_at) "
	"VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name) DO UPDATE SET "
	"onboarding = ?2, audience = ?3";
static const char sql_remove[] = "DELETE FROM registries WHERE name = ?1";
static const char sql_remove_cas[] = "DELETE FROM cas WHERE registry = ?1";
static const char sql_add_ca[] =
	"INSERT INTO cas(registry, fingerprint, pem) VALUES(?1, ?2, ?3)";
static const char sql_remove_ca[] =
	"DELETE FROM cas WHERE registry = ?1 AND fingerprint = ?2";

static struct ztp_registry *owner(struct ztp_map_node *node)
{
	return ZTP_MAP_OWNER(node, struct ztp_registry, by_name);
}

static void registry_free(struct ztp_registry *registry)
{
	if (!registry)
		return;
	for (size_t i = 0; i < registry->ca_count; i++)
		ztp_ca_free(registry->cas[i]);
	free(registry->cas);
	free(registry->audience);
	free(registry);
}

static void free_node(struct ztp_map_node *node, void *arg)
{
	(void)arg;
	registry_free(owner(node));
}

static void forget_all(struct ztp_registries *registries)
{
	ztp_map_each(&registries->by_name, free_node, NULL);
	ztp_map_clear(&registries->by_name);
}

struct ztp_registry *ztp_registries_find(struct ztp_registries *registries,
					 const char *name, size_t len)
{
	uint64_t hash = ztp_map_hash(&registries->by_name, name, len);
	struct ztp_map_node *node = ztp_map_first(&registries->by_name, hash);

	for (; node; node = ztp_map_next(node)) {
		struct ztp_registry *registry = owner(node);

		if (strlen(registry->name) == len &&
		    memcmp(registry->name, name, len) == 0)
			return registry;
	}
	return NULL;
}

struct ztp_registry *ztp_registries_of(struct ztp_registries *registries,
				       const struct ztp_path *path)
{
	char name[ZTP_REGISTRY_MAX + 1];
	size_t s = path->subscription.n, r = path->registry.n;

	memcpy(name, path->subscription.p, s);
	name[s] = '/';
	memcpy(name + s + 1, path->registry.p, r);
	return ztp_registries_find(registries, name, s + 1 + r);
}

static int keep(struct ztp_registries *registries, const char *name,
		enum ztp_onboarding onboarding, const char *audience,
		int64_t created_at, struct ztp_error *error)
{
	struct ztp_registry *registry = calloc(1, sizeof(*registry));
	size_t len = strlen(name);
	uint64_t hash = ztp_map_hash(&registries->by_name, name, len);

	if (!registry || len > ZTP_REGISTRY_MAX)
		goto fail;
	memcpy(registry->name, name, len + 1);
	registry->onboarding = onboarding;
	registry->created_at = created_at;
	registry->counting = &registries->counting;
	if (audience && *audience) {
		registry->audience = strdup(audience);
		if (!registry->audience)
			goto fail;
	}
	if (ztp_map_insert(&registries->by_name, &registry->by_name, hash) != 0)
		goto fail;
	return 0;
fail:
	registry_free(registry);
	return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
}

static int keep_ca(struct ztp_registry *registry, const char *pem,
		   struct ztp_error *error)
{
	struct ztp_ca **grown;
	struct ztp_ca *ca = NULL;
	int rc = ztp_ca_parse(&ca, pem, strlen(pem), error);

	if (rc != 0)
		return rc;
	grown = realloc(registry->cas,
			(registry->ca_count + 1) * sizeof(struct ztp_ca *));
	if (!grown) {
		ztp_ca_free(ca);
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	registry->cas = grown;
	registry->cas[registry->ca_count++] = ca;
	return 0;
}

static int load_registries(struct ztp_registries *registries,
			   struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql_all, error);
	char name[ZTP_REGISTRY_MAX + 1], mode[16];
	char audience[ZTP_AUDIENCE_MAX + 1];
	enum ztp_onboarding onboarding;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	while ((rc = ztp_db_step(registries->db, stmt, error)) > 0) {
		if (!ztp_db_get_text(stmt, 0, name, sizeof(name)) ||
		    !ztp_db_get_text(stmt, 1, mode, sizeof(mode)) ||
		    !ztp_db_get_text(stmt, 2, audience, sizeof(audience)) ||
		    !ztp_registry_name_valid(name) ||
		    !ztp_onboarding_parse(&onboarding, mode))
			return ztp_fail(error, ZTP_ERR_IO,
					"registry database: a registry in it "
					"is not valid");
		rc = keep(registries, name, onboarding, audience,
			  sqlite3_column_int64(stmt, 3), error);
		if (rc != 0)
			return rc;
	}
	return rc;
}

/* If a CA cannot be read any more, its registry trusts nobody. */
static int load_cas(struct ztp_registries *registries, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql_cas, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	while ((rc = ztp_db_step(registries->db, stmt, error)) > 0) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		const char *pem = (const char *)sqlite3_column_text(stmt, 1);
		struct ztp_registry *registry;

		if (!name || !pem)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
		registry = ztp_registries_find(registries, name, strlen(name));
		rc = registry ? keep_ca(registry, pem, error) : 0;
		if (rc == ZTP_ERR_NOMEM) { /* says nothing of the CA */
			(void)sqlite3_reset(stmt);
			return rc;
		}
		if (rc != 0)
			registry->damaged = true;
	}
	return rc;
}

static int load_counts(struct ztp_registries *registries, const char *sql,
		       size_t offset, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	while ((rc = ztp_db_step(registries->db, stmt, error)) > 0) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		struct ztp_registry *registry = NULL;

		if (name)
			registry = ztp_registries_find(registries, name,
						       strlen(name));
		if (registry)
			*(int64_t *)(void *)((char *)registry + offset) =
				sqlite3_column_int64(stmt, 1);
	}
	return rc;
}

int ztp_registries_reload(struct ztp_registries *registries,
			  struct ztp_error *error)
{
	int rc;

	ztp_counts_read(&registries->counting, ztp_db_group(registries->db));
	forget_all(registries);
	/* What this transaction has counted so far is not known any more. */
	if (ztp_db_dirty(registries->db))
		ztp_counts_beyond(&registries->counting);
	rc = load_registries(registries, error);
	if (rc == 0)
		rc = load_cas(registries, error);
	if (rc == 0)
		rc = load_counts(registries, sql_devices,
				 offsetof(struct ztp_registry, counts.devices),
				 error);
	if (rc == 0)
		rc = load_counts(
			registries, sql_candidates,
			offsetof(struct ztp_registry, counts.candidates),
			error);
	if (rc == 0)
		rc = load_counts(registries, sql_rejected,
				 offsetof(struct ztp_registry, counts.rejected),
				 error);
	if (rc != 0)
		forget_all(registries); /* refuses all devices */
	return rc;
}

int ztp_registries_load(struct ztp_registries **out, struct ztp_db *db,
			struct ztp_error *error)
{
	struct ztp_registries *registries = calloc(1, sizeof(*registries));
	int rc;

	*out = NULL;
	if (!registries)
		return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	registries->db = db;
	ztp_random(&registries->by_name.seed, sizeof(uint64_t));
	rc = ztp_registries_reload(registries, error);
	if (rc != 0) {
		ztp_registries_free(registries);
		return rc;
	}
	*out = registries;
	return 0;
}

void ztp_registries_free(struct ztp_registries *registries)
{
	if (!registries)
		return;
	ztp_counts_durable(&registries->counting, UINT64_MAX);
	forget_all(registries);
	free(registries);
}

void ztp_registries_kept(struct ztp_registries *registries)
{
	ztp_counts_kept(&registries->counting, ztp_db_group(registries->db));
}

void ztp_registries_durable(struct ztp_registries *registries, uint64_t group)
{
	ztp_counts_durable(&registries->counting, group);
}

bool ztp_registries_lost(struct ztp_registries *registries, uint64_t kept)
{
	return ztp_counts_lost(&registries->counting, kept);
}

size_t ztp_registries_count(const struct ztp_registries *registries)
{
	return registries->by_name.count;
}

struct visiting {
	void (*visit)(struct ztp_registry *registry, void *arg);
	void *arg;
};

static void visit_node(struct ztp_map_node *node, void *arg)
{
	const struct visiting *visiting = arg;

	visiting->visit(owner(node), visiting->arg);
}

void ztp_registries_each(struct ztp_registries *registries,
			 void (*visit)(struct ztp_registry *registry,
				       void *arg),
			 void *arg)
{
	struct visiting visiting = {visit, arg};

	ztp_map_each(&registries->by_name, visit_node, &visiting);
}

/* One of that name may have been deleted, and its rejections outlive it. */
static int count_rejected(struct ztp_registries *registries, const char *name,
			  int64_t *count, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql_rejected_of, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, name);
	rc = ztp_db_step(registries->db, stmt, error); /* always one row */
	if (rc > 0)
		*count = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return rc < 0 ? rc : 0;
}

static int keep_new(struct ztp_registries *registries, const char *name,
		    enum ztp_onboarding onboarding, const char *audience,
		    int64_t created_at, struct ztp_error *error)
{
	int64_t rejected = 0;
	int rc = count_rejected(registries, name, &rejected, error);

	if (rc == 0)
		rc = keep(registries, name, onboarding, audience, created_at,
			  error);
	if (rc == 0)
		ztp_registries_find(registries, name, strlen(name))
			->counts.rejected = rejected;
	return rc;
}

int ztp_registries_put(struct ztp_registries *registries, const char *name,
		       enum ztp_onboarding onboarding, const char *audience,
		       int64_t created_at, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql_put, error);
	struct ztp_registry *registry;
	char *copy = NULL;
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	if (audience && *audience) {
		copy = strdup(audience);
		if (!copy)
			return ztp_fail(error, ZTP_ERR_NOMEM, "out of memory");
	}
	ztp_db_text(stmt, 1, name);
	ztp_db_text(stmt, 2, ztp_onboarding_name(onboarding));
	ztp_db_text(stmt, 3, copy);
	ztp_db_int(stmt, 4, created_at);
	ztp_counts_beyond(&registries->counting);
	rc = ztp_db_run(registries->db, stmt, error);
	if (rc != 0)
		goto out;
	registry = ztp_registries_find(registries, name, strlen(name));
	if (!registry) {
		rc = keep_new(registries, name, onboarding, copy, created_at,
			      error);
		goto out;
	}
	registry->onboarding = onboarding;
	free(registry->audience);
	registry->audience = copy;
	copy = NULL;
out:
	free(copy);
	return rc;
}

static int remove_by_name(struct ztp_registries *registries, const char *sql,
			  const char *name, struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql, error);

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, name);
	return ztp_db_run(registries->db, stmt, error);
}

int ztp_registries_remove(struct ztp_registries *registries, const char *name,
			  struct ztp_error *error)
{
	struct ztp_registry *registry =
		ztp_registries_find(registries, name, strlen(name));
	int rc;

	ztp_counts_beyond(&registries->counting);
	rc = remove_by_name(registries, sql_remove_cas, name, error);
	if (rc == 0)
		rc = remove_by_name(registries, sql_remove, name, error);
	if (rc == 0 && registry) {
		ztp_map_remove(&registries->by_name, &registry->by_name);
		registry_free(registry);
	}
	return rc;
}

int ztp_registries_add_ca(struct ztp_registries *registries,
			  struct ztp_registry *registry, const char *pem,
			  struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql_add_ca, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	if (registry->ca_count >= ZTP_CAS_MAX)
		return ztp_fail(error, ZTP_ERR_TOO_MANY,
				"a registry has at most %d CAs", ZTP_CAS_MAX);
	rc = keep_ca(registry, pem, error);
	if (rc != 0)
		return rc;
	ztp_db_text(stmt, 1, registry->name);
	ztp_db_blob(
		stmt, 2,
		ztp_ca_cert(registry->cas[registry->ca_count - 1])->fingerprint,
		ZTP_SHA256_LEN);
	ztp_db_text(stmt, 3, pem);
	ztp_counts_beyond(&registries->counting);
	rc = ztp_db_run(registries->db, stmt, error);
	if (rc != 0)
		ztp_ca_free(registry->cas[--registry->ca_count]);
	return rc;
}

int ztp_registries_remove_ca(struct ztp_registries *registries,
			     struct ztp_registry *registry, size_t index,
			     struct ztp_error *error)
{
	sqlite3_stmt *stmt = ztp_db_use(registries->db, sql_remove_ca, error);
	int rc;

	if (!stmt)
		return ZTP_ERR_IO;
	ztp_db_text(stmt, 1, registry->name);
	ztp_db_blob(stmt, 2, ztp_ca_cert(registry->cas[index])->fingerprint,
		    ZTP_SHA256_LEN);
	ztp_counts_beyond(&registries->counting);
	rc = ztp_db_run(registries->db, stmt, error);
	if (rc != 0)
		return rc;
	ztp_ca_free(registry->cas[index]);
	memmove(&registry->cas[index], &registry->cas[index + 1],
		(registry->ca_count - index - 1) * sizeof(struct ztp_ca *));
	registry->ca_count--;
	return 0;
}

long ztp_registry_ca(const struct ztp_registry *registry,
		     const uint8_t fingerprint[ZTP_SHA256_LEN])
{
	for (size_t i = 0; i < registry->ca_count; i++)
		if (memcmp(ztp_ca_cert(registry->cas[i])->fingerprint,
			   fingerprint, ZTP_SHA256_LEN) == 0)
			return (long)i;
	return -1;
}
