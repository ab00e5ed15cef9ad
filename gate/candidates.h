/*
 * gate/candidates.h - who has proven itself and waits for a decision: the
 * journal of custom onboarding. One row per (path, certificate), under one
 * id, from the proof until createDevice; a rejected one stays as its
 * cool-down. Broker thread only.
 */
#ifndef ZTP_GATE_CANDIDATES_H
#define ZTP_GATE_CANDIDATES_H

#include "gate/db.h"
#include "gate/registries.h"

#define ZTP_ADDRESS_MAX 64

struct ztp_candidate {
	char id[ZTP_UUID_LEN];
	char path[ZTP_PATH_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	uint8_t ca[ZTP_SHA256_LEN]; /* fingerprint of the CA that signed */
	bool rejected;		    /* else waiting */
	bool acked;
	int64_t attempt;
	char remote_addr[ZTP_ADDRESS_MAX + 1];
	int64_t received_at, seen_at, not_after, retry_at;
	/* While being listed and while being put, a view; else NULL. */
	const uint8_t *der;
	size_t der_len;
};

/* 1 found, 0 not, negative on error. */
int ztp_candidates_get(struct ztp_db *db, struct ztp_candidate *candidate,
		       const char *path,
		       const uint8_t fingerprint[ZTP_SHA256_LEN],
		       struct ztp_error *error);
int ztp_candidates_by_id(struct ztp_db *db, struct ztp_candidate *candidate,
			 const char *id, struct ztp_error *error);

/* The certificate of one that exists; the caller frees *der. */
int ztp_candidates_der(struct ztp_db *db, uint8_t **der, size_t *len,
		       const char *id, struct ztp_error *error);

/* New, or in the place of a rejected one of the same path and certificate. */
int ztp_candidates_put(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_candidate *candidate,
		       struct ztp_error *error);
int ztp_candidates_seen(struct ztp_db *db, const char *id, int64_t now_ms,
			struct ztp_error *error);
int ztp_candidates_reject(struct ztp_db *db, struct ztp_registry *registry,
			  const struct ztp_candidate *candidate,
			  int64_t retry_at, struct ztp_error *error);
int ztp_candidates_delete(struct ztp_db *db, struct ztp_registry *registry,
			  const struct ztp_candidate *candidate,
			  struct ztp_error *error);
/* All of a path, cool-downs included. */
int ztp_candidates_end_path(struct ztp_db *db, struct ztp_registry *registry,
			    const char *path, struct ztp_error *error);
/* 1 when it was offered until now. */
int ztp_candidates_ack(struct ztp_db *db, const char *id,
		       struct ztp_error *error);

/* How many live ones a certificate, a path has; negative on error. */
int64_t ztp_candidates_of_certificate(struct ztp_db *db,
				      const uint8_t fp[ZTP_SHA256_LEN],
				      struct ztp_error *error);
int64_t ztp_candidates_of_path(struct ztp_db *db, const char *path,
			       struct ztp_error *error);

enum ztp_candidate_list {
	ZTP_CANDIDATES_OFFERED,	  /* live, not acknowledged */
	ZTP_CANDIDATES_ALL,	  /* live */
	ZTP_CANDIDATES_REGISTRY,  /* live, of the registry `of` */
	ZTP_CANDIDATES_PATH,	  /* any, of the path `of` */
	ZTP_CANDIDATES_ID,	  /* any, of the id `of` */
	ZTP_CANDIDATES_EXPIRED,	  /* live, past notAfter or long unseen */
	ZTP_CANDIDATES_FORGOTTEN, /* rejected, long ago */
};

struct ztp_candidate_query {
	enum ztp_candidate_list which;
	const char *of;	   /* where `which` says so */
	const char *after; /* an id; NULL: from the first */
	int64_t limit;
	int64_t now_ms, before_ms; /* wall clock; for the last two lists */
};

/* In the order of ids, which is that of their age. visit returns false to
 * stop; it must not call this module. */
int ztp_candidates_list(struct ztp_db *db,
			const struct ztp_candidate_query *query,
			bool (*visit)(const struct ztp_candidate *candidate,
				      void *arg),
			void *arg, struct ztp_error *error);

#endif
