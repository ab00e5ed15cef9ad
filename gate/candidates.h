/*
 * gate/candidates.h - the journal of custom onboarding: devices that have
 * proven their key and wait for a decision. There is one row per (path,
 * certificate), with one id, from the proof until createDevice. A rejected
 * candidate stays for its cool-down. Broker thread only.
 */
#ifndef ZTP_GATE_CANDIDATES_H
#define ZTP_GATE_CANDIDATES_H

#include "gate/address.h"
#include "gate/db.h"
#include "gate/registries.h"

struct ztp_candidate {
	char id[ZTP_UUID_LEN];
	char path[ZTP_PATH_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint8_t identity[ZTP_SHA256_LEN]; /* the certificate's; ztp/cert.h */
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	uint8_t ca[ZTP_SHA256_LEN]; /* fingerprint of the CA that signed */
	bool rejected;		    /* otherwise it waits */
	bool acked;
	int64_t attempt;
	char remote_addr[ZTP_ADDRESS_MAX + 1];
	int64_t received_at, seen_at, not_after, retry_at;
	/* A view while the candidate is listed or put, otherwise NULL. */
	const uint8_t *der;
	size_t der_len;
};

/* Returns 1 if found, 0 if not, negative on error. */
int ztp_candidates_get(struct ztp_db *db, struct ztp_candidate *candidate,
		       const char *path,
		       const uint8_t fingerprint[ZTP_SHA256_LEN],
		       struct ztp_error *error);

/* The certificate of an existing candidate. The caller frees *der. */
int ztp_candidates_der(struct ztp_db *db, uint8_t **der, size_t *len,
		       const char *id, struct ztp_error *error);

/* Inserts a candidate, or replaces a rejected one with the same path and
 * certificate, if there is one, which the caller says. */
int ztp_candidates_put(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_candidate *candidate, bool replaces,
		       struct ztp_error *error);
int ztp_candidates_seen(struct ztp_db *db, const char *id, int64_t now_ms,
			struct ztp_error *error);
int ztp_candidates_reject(struct ztp_db *db, struct ztp_registry *registry,
			  const struct ztp_candidate *candidate,
			  int64_t retry_at, struct ztp_error *error);
int ztp_candidates_delete(struct ztp_db *db, struct ztp_registry *registry,
			  const struct ztp_candidate *candidate,
			  struct ztp_error *error);
/* Deletes all candidates of a path, including those in their cool-down. If these
 * are very many, some stay: they do not matter while the path is a device's. */
int ztp_candidates_end_path(struct ztp_db *db, struct ztp_registry *registry,
			    const char *path, struct ztp_error *error);
/* Returns 1 if the candidate was still being offered. */
int ztp_candidates_ack(struct ztp_db *db, const char *id,
		       struct ztp_error *error);

/* How many live candidates a certificate or a path has; negative on error. */
int64_t ztp_candidates_of_certificate(struct ztp_db *db,
				      const struct ztp_db_certificate *cert,
				      struct ztp_error *error);
int64_t ztp_candidates_of_path(struct ztp_db *db, const char *path,
			       struct ztp_error *error);

/* The rejections of this path and certificate, under whatever fingerprint: when
 * the longest cool-down ends (wall clock), and the highest attempt; 0 if there
 * are none. */
int ztp_candidates_cooling(struct ztp_db *db, int64_t *retry_at,
			   int64_t *attempt, const char *path,
			   const struct ztp_db_certificate *cert,
			   struct ztp_error *error);

enum ztp_candidate_list {
	ZTP_CANDIDATES_OFFERED,	 /* live, not acknowledged */
	ZTP_CANDIDATES_ALL,	 /* live */
	ZTP_CANDIDATES_REGISTRY, /* live, of the registry `of` */
	ZTP_CANDIDATES_CA,	 /* of these, those that `ca` has signed */
	ZTP_CANDIDATES_PATH,	 /* live, of the path `of` */
	ZTP_CANDIDATES_ID,	 /* live, of the id `of` */
	/* past notAfter, long unseen, or rejected long ago: */
	ZTP_CANDIDATES_DUE,
	/* rejected, and the cool-down is over: */
	ZTP_CANDIDATES_COOLED_CERTIFICATE, /* of `cert` */
	ZTP_CANDIDATES_COOLED_REGISTRY,	   /* of the registry `of` */
};

struct ztp_candidate_query {
	enum ztp_candidate_list which;
	const char *of; /* for the lists that say so */
	const uint8_t *ca;
	const struct ztp_db_certificate *cert;
	const char *after; /* an id; NULL: from the start. Not from DUE on */
	int64_t limit;
	int64_t now_ms; /* wall clock; from DUE on */
};

/* Visits candidates in the order of their ids, that is, their age; from
 * DUE on by when they are due. visit returns false to stop, and must not call
 * this module. */
int ztp_candidates_list(struct ztp_db *db,
			const struct ztp_candidate_query *query,
			bool (*visit)(const struct ztp_candidate *candidate,
				      void *arg),
			void *arg, struct ztp_error *error);

#endif
