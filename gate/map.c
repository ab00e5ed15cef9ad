#include "gate/map.h"

#include <stdlib.h>

#include "ztp/codec.h"
#include "ztp/error.h"

#define FIRST_SIZE 64

/* FNV-1a, started from a secret seed and mixed at the end. */
uint64_t ztp_map_hash(const struct ztp_map *map, const void *key, size_t len)
{
	uint64_t hash = ztp_fnv1a(ZTP_FNV1A ^ map->seed, key, len);

	hash ^= hash >> 32;
	hash *= 0xd6e8feb86659fd93ULL;
	return hash ^ (hash >> 32);
}

static struct ztp_map_node **bucket(const struct ztp_map *map, uint64_t hash)
{
	return &map->buckets[hash & (map->size - 1)];
}

static int resize(struct ztp_map *map, size_t size)
{
	struct ztp_map old = *map;

	map->buckets = calloc(size, sizeof(struct ztp_map_node *));
	if (!map->buckets) {
		*map = old;
		return ZTP_ERR_NOMEM;
	}
	map->size = size;
	for (size_t i = 0; i < old.size; i++) {
		struct ztp_map_node *node = old.buckets[i];

		while (node) {
			struct ztp_map_node *next = node->next;
			struct ztp_map_node **head = bucket(map, node->hash);

			node->next = *head;
			*head = node;
			node = next;
		}
	}
	free(old.buckets);
	return 0;
}

int ztp_map_insert(struct ztp_map *map, struct ztp_map_node *node,
		   uint64_t hash)
{
	struct ztp_map_node **head;

	if (map->size == 0 && resize(map, FIRST_SIZE) != 0)
		return ZTP_ERR_NOMEM;
	if (map->count >= map->size)
		(void)resize(map, map->size * 2); /* else slower, not wrong */
	head = bucket(map, hash);
	node->hash = hash;
	node->next = *head;
	*head = node;
	map->count++;
	return 0;
}

void ztp_map_remove(struct ztp_map *map, struct ztp_map_node *node)
{
	struct ztp_map_node **link;

	if (map->size == 0)
		return;
	link = bucket(map, node->hash);
	while (*link && *link != node)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = node->next;
	map->count--;
}

static struct ztp_map_node *same(struct ztp_map_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct ztp_map_node *ztp_map_first(const struct ztp_map *map, uint64_t hash)
{
	return map->size ? same(*bucket(map, hash), hash) : NULL;
}

struct ztp_map_node *ztp_map_next(const struct ztp_map_node *node)
{
	return same(node->next, node->hash);
}

void ztp_map_each(struct ztp_map *map,
		  void (*visit)(struct ztp_map_node *node, void *arg),
		  void *arg)
{
	for (size_t i = 0; i < map->size; i++) {
		struct ztp_map_node *node = map->buckets[i];

		while (node) {
			struct ztp_map_node *next = node->next;

			visit(node, arg);
			node = next;
		}
	}
}

void ztp_map_clear(struct ztp_map *map)
{
	free(map->buckets);
	map->buckets = NULL;
	map->size = 0;
	map->count = 0;
}
