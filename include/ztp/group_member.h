/*
 * ztp/group_member.h - what a bridge calls itself in its Kafka group: the
 * client.id of its member, which is also all that the others know of it.
 *
 *   {13 digits: ms, when it joined}-{instance};{version};{advertise}
 *
 * librdkafka gives the one partition to the first member in the order of member
 * ids, which begin with the client.id. So the member that joined first keeps it,
 * and no newcomer takes it. The time is the wall clock's, or later than that of all
 * others that are there. Pure; any thread.
 */
#ifndef ZTP_GROUP_MEMBER_H
#define ZTP_GROUP_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "ztp/error.h"

#define ZTP_INSTANCE_MAX  64  /* bytes */
#define ZTP_VERSION_MAX	  64  /* bytes */
#define ZTP_ADVERTISE_MAX 256 /* bytes */
#define ZTP_GROUP_MEMBER_MAX                                                   \
	(13 + 1 + ZTP_INSTANCE_MAX + 1 + ZTP_VERSION_MAX + 1 +                 \
	 ZTP_ADVERTISE_MAX)

#define ZTP_JOINED_MAX INT64_C(9999999999999)

struct ztp_group_member {
	int64_t joined_at; /* ms since 1970 */
	char instance[ZTP_INSTANCE_MAX + 1];
	char version[ZTP_VERSION_MAX + 1];
	char advertise[ZTP_ADVERTISE_MAX + 1]; /* a URL, or "" */
};

/* 1 to ZTP_INSTANCE_MAX letters, digits, '.', '_' and '-'. */
bool ztp_instance_valid(const char *instance);
/* "", or at most ZTP_ADVERTISE_MAX bytes that begin with http:// or https:// and a
 * host, and contain nothing that a client.id or a link must not contain. */
bool ztp_advertise_valid(const char *url);

/* Returns 0, or ZTP_ERR_VALUE if a part is not valid. */
int ztp_group_member_write(char text[ZTP_GROUP_MEMBER_MAX + 1],
			   const struct ztp_group_member *member,
			   struct ztp_error *error);
/* Foreign input: anybody may join a group. Returns false if it was not written
 * like that. */
bool ztp_group_member_read(struct ztp_group_member *member, const char *text);

#endif
