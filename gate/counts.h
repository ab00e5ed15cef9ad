/*
 * gate/counts.h - how many devices and candidates the registries have. They are
 * counted in memory while the database changes, and what a lost transaction has
 * counted is taken back without reading the database, whether it was rolled back
 * or its commit did not reach the disk: on a full disk every new device loses
 * one. Broker thread only.
 */
#ifndef ZTP_GATE_COUNTS_H
#define ZTP_GATE_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

struct ztp_counted;
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
	/* Owned: what commits have counted that are not durable, oldest
	 * first. */
	struct ztp_counted *oldest, *newest;
	/* The newest commit that has changed more than the numbers. */
	uint64_t beyond_group;
};

/* So many more (or fewer), in the open transaction. registry may be NULL. */
void ztp_counts_add(struct ztp_registry *registry, struct ztp_counts more);
/* The open transaction changes more than numbers. */
void ztp_counts_beyond(struct ztp_counting *counting);
/* It has been committed, as this one. */
void ztp_counts_kept(struct ztp_counting *counting, uint64_t group);
/* The commits up to this one are durable. */
void ztp_counts_durable(struct ztp_counting *counting, uint64_t group);
/* The open transaction is lost, and so are the commits after `kept`. False: memory
 * does not agree with the database now. */
bool ztp_counts_lost(struct ztp_counting *counting, uint64_t kept);
/* All is read anew, and shows what has been written up to this commit. */
void ztp_counts_read(struct ztp_counting *counting, uint64_t group);

#endif
