/*
 * policy/oid.h - the object identifiers that matter here, by their encoding.
 * All others are unknown. Private to policy/.
 */
#ifndef ZTP_POLICY_OID_H
#define ZTP_POLICY_OID_H

#include <openssl/obj_mac.h>

#include "ztp/codec.h"

/* OpenSSL's NID for an OID (the contents of its element); NID_undef if it is
 * not in the table. */
int ztp_oid_nid(struct ztp_str oid);

/* The short name of an attribute type ("CN"); NULL if it is not in the
 * table. */
const char *ztp_oid_attribute(struct ztp_str oid);

#endif
