/*
 * gate/devices.h - the devices that exist. Reads and writes go to the database;
 * a statement by path takes the same time however many devices there are. Keeps
 * the counts in struct ztp_registry. Broker thread only.
 */
#ifndef ZTP_GATE_DEVICES_H
#define ZTP_GATE_DEVICES_H

#include "gate/db.h"
#include "gate/registries.h"
#include "ztp/pending.h"

#define ZTP_SPKI_MAX 1024 /* bytes; RSA 4096 needs 550 */

struct ztp_device {
	char path[ZTP_PATH_MAX + 1];
	uint8_t fingerprint[ZTP_SHA256_LEN];
	/* The certificate's, see ztp/cert.h. Of a device that an operator
	 * created by its key: the fingerprint that was given. */
	uint8_t identity[ZTP_SHA256_LEN];
	uint8_t spki_sha256[ZTP_SHA256_LEN];
	uint8_t spki[ZTP_SPKI_MAX];
	size_t spki_len;
	bool blocked;
	enum ztp_onboarding onboarding; /* how it was onboarded */
	char request_id[ZTP_REQUEST_ID_MAX + 1];
	int64_t created_at;
	/* When its key had its first session since the device was created, of
	 * which gate/stored.h wants to know; 0: never. Before that was kept, 1
	 * was written. */
	int64_t connected_at;
	bool greeted; /* direct onboarding: it has been sent `approved` */
};

/* Returns 1 if found, 0 if not, negative on error. */
int ztp_devices_get(struct ztp_db *db, struct ztp_device *device,
		    const char *path, struct ztp_error *error);
/* metadata: JSON text or NULL. */
int ztp_devices_insert(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_device *device, const char *metadata,
		       struct ztp_error *error);
/* *metadata is JSON text, or NULL if there is none; the caller frees it. */
int ztp_devices_metadata(struct ztp_db *db, char **metadata, const char *path,
			 struct ztp_error *error);
/* Remembers the request id, so that a late createDevice of the same request
 * does not create the device again. */
int ztp_devices_delete(struct ztp_db *db, struct ztp_registry *registry,
		       const struct ztp_device *device, int64_t now_ms,
		       struct ztp_error *error);
/* Was a device of this request deleted? 1, 0 or negative. */
int ztp_devices_was_deleted(struct ztp_db *db, const char *path,
			    const char *request_id, struct ztp_error *error);

int ztp_devices_set_blocked(struct ztp_db *db, const char *path, bool blocked,
			    struct ztp_error *error);
int ztp_devices_set_connected(struct ztp_db *db, const char *path,
			      int64_t now_ms, struct ztp_error *error);
int ztp_devices_set_greeted(struct ztp_db *db, const char *path,
			    struct ztp_error *error);

/* How many devices have this certificate; negative on error. */
int64_t ztp_devices_of_certificate(struct ztp_db *db,
				   const struct ztp_db_certificate *cert,
				   struct ztp_error *error);

/* Visits devices in the order of their paths, starting after `after` ("").
 * registry is "" for all, or "s/r". visit returns false to stop; the device is
 * valid during the call. */
int ztp_devices_list(struct ztp_db *db, const char *registry, const char *after,
		     int64_t limit,
		     bool (*visit)(const struct ztp_device *device, void *arg),
		     void *arg, struct ztp_error *error);

/* Forgets deletions before that time, at most `limit`, the oldest first. Returns
 * how many, or negative. */
int ztp_devices_prune(struct ztp_db *db, int64_t before_ms, int64_t limit,
		      struct ztp_error *error);

#endif
