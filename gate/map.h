/*
 * gate/map.h - a chained hash map whose nodes are members of the caller's
 * structs:
 *
 *	struct thing { struct ztp_map_node by_name; ... };
 *
 * The map compares hashes only. Callers compare keys while they walk through
 * ztp_map_first and ztp_map_next. Broker thread only.
 */
#ifndef ZTP_GATE_MAP_H
#define ZTP_GATE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct ztp_map_node {
	struct ztp_map_node *next;
	uint64_t hash;
};

struct ztp_map {
	struct ztp_map_node **buckets; /* owned */
	size_t size;		       /* a power of two, or 0 */
	size_t count;
	uint64_t seed; /* random, so that nobody can cause collisions */
};

#define ZTP_MAP_OWNER(node, type, member)                                      \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

uint64_t ztp_map_hash(const struct ztp_map *map, const void *key, size_t len);

/* 0 or ZTP_ERR_NOMEM. Fails only on the first insertion; growing that fails is
 * tried again later. */
int ztp_map_insert(struct ztp_map *map, struct ztp_map_node *node,
		   uint64_t hash);
void ztp_map_remove(struct ztp_map *map, struct ztp_map_node *node);

/* Walk through the nodes with one hash. */
struct ztp_map_node *ztp_map_first(const struct ztp_map *map, uint64_t hash);
struct ztp_map_node *ztp_map_next(const struct ztp_map_node *node);

/* Visits all nodes, in no particular order. visit may remove and free the node
 * it is given. */
void ztp_map_each(struct ztp_map *map,
		  void (*visit)(struct ztp_map_node *node, void *arg),
		  void *arg);

void ztp_map_clear(struct ztp_map *map); /* frees the buckets, not the nodes */

#endif
