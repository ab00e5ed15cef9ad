/*
 * gate/counts.h - how many devices and candidates the registries have. They are
 * counted in memory while the database changes, and what a lost transaction has
 * counted is taken back without reading the database: on a full disk every new
 * device loses one. Broker thread only.
 */
#ifndef ZTP_GATE_COUNTS_H
#define ZTP_GATE_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct ztp_counting;
struct ztp_registry;

/* In a registry. */
struct ztp_counts {
	int64_t devices, candidates; /* how many; only live candidates count */
	int64_t rejected; /* candidates that are remembered as such */
};

/* All zero at first. */
struct ztp_counting {
	/* Those in which the open transaction has counted. */
	struct ztp_registry *first;
	bool beyond; /* it has changed more than the numbers */
};

/* So many more (or fewer), in the open transaction. registry may be NULL. */
void ztp_counts_add(struct ztp_registry *registry, struct ztp_counts more);
/* The open transaction changes more than numbers. */
void ztp_counts_beyond(struct ztp_counting *counting);
/* It has been committed. */
void ztp_counts_kept(struct ztp_counting *counting);
/* It is lost, and nothing else. False: memory does not agree with the database
 * now. */
bool ztp_counts_undo(struct ztp_counting *counting);

#endif
