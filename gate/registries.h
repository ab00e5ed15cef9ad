/*
 * gate/registries.h - registries and their CAs: stored in the database and all
 * held in memory, because every CONNECT needs them. Broker thread only.
 */
#ifndef ZTP_GATE_REGISTRIES_H
#define ZTP_GATE_REGISTRIES_H

#include "gate/counts.h"
#include "gate/db.h"
#include "gate/map.h"
#include "ztp/chain.h"
#include "ztp/gate.h"

#define ZTP_AUDIENCE_MAX 1024 /* bytes */
#define ZTP_CAS_MAX	 64   /* per registry */

struct ztp_registry {
	char name[ZTP_REGISTRY_MAX + 1]; /* "s/r" */
	enum ztp_onboarding onboarding;
	char *audience; /* owned; NULL: any */
	int64_t created_at;
	struct ztp_ca **cas; /* owned */
	size_t ca_count;
	bool damaged; /* a CA cannot be read: trust nobody */
	struct ztp_counts counts;
	struct ztp_counts before; /* the open transaction, if `counted` */
	struct ztp_counting *counting;
	struct ztp_registry *next_counted;
	bool counted;
	struct ztp_map_node by_name;
};

struct ztp_registries;

/* Reads all of them. The db must outlive the result. */
int ztp_registries_load(struct ztp_registries **out, struct ztp_db *db,
			struct ztp_error *error);
void ztp_registries_free(struct ztp_registries *registries);

/* Reads the database again, after a rollback. */
int ztp_registries_reload(struct ztp_registries *registries,
			  struct ztp_error *error);

/* The open transaction has been committed. */
void ztp_registries_kept(struct ztp_registries *registries);
/* The commits up to this one are durable. */
void ztp_registries_durable(struct ztp_registries *registries, uint64_t group);
/* The open transaction is lost, and so are the commits after `kept`. False: they
 * must be read again. */
bool ztp_registries_lost(struct ztp_registries *registries, uint64_t kept);

/* NULL if there is none. Valid until registries are changed. */
struct ztp_registry *ztp_registries_find(struct ztp_registries *registries,
					 const char *name, size_t len);
/* The registry of a device path. */
struct ztp_registry *ztp_registries_of(struct ztp_registries *registries,
				       const struct ztp_path *path);
void ztp_registries_each(struct ztp_registries *registries,
			 void (*visit)(struct ztp_registry *registry,
				       void *arg),
			 void *arg);
/* Registries sorted by name, starting after `after` (NULL: from the start); at
 * most limit. Returns how many. */
size_t ztp_registries_list(struct ztp_registries *registries, const char *after,
			   struct ztp_registry **out, size_t limit);
/* How many devices and live candidates all of them have. */
void ztp_registries_sum(struct ztp_registries *registries, int64_t *devices,
			int64_t *candidates);
size_t ztp_registries_count(const struct ztp_registries *registries);

/* These change the database, in the open transaction, and memory at once; see
 * ztp_registries_lost. audience NULL: none. */
int ztp_registries_put(struct ztp_registries *registries, const char *name,
		       enum ztp_onboarding onboarding, const char *audience,
		       int64_t created_at, struct ztp_error *error);
int ztp_registries_remove(struct ztp_registries *registries, const char *name,
			  struct ztp_error *error);
int ztp_registries_add_ca(struct ztp_registries *registries,
			  struct ztp_registry *registry, const char *pem,
			  struct ztp_error *error);
int ztp_registries_remove_ca(struct ztp_registries *registries,
			     struct ztp_registry *registry, size_t index,
			     struct ztp_error *error);
/* A CA's index, by its fingerprint; or -1. */
long ztp_registry_ca(const struct ztp_registry *registry,
		     const uint8_t fingerprint[ZTP_SHA256_LEN]);

#endif
