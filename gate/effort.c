/*
 * The first proof from an address is not charged to those who share the fifth:
 * it was no waste, and after a restart a whole fleet may come from somewhere
 * else. Later ones are, when the path's own verifications are used up, so that
 * nobody gets more of the thread by proving one key again and again.
 *
 * A path's own verifications can be used by whoever shares its address and knows
 * the path; for one path that is little, for a thousand it would be the whole
 * thread. What they take without leading to anything is therefore shared out as
 * well, in a fifth of its own, which those who prove their keys never touch.
 * Where it is used up, the address falls back to the common fifth: first for the
 * paths that fail, while all others there keep what is theirs.
 *
 * Failures are remembered by path, key and address, not by path alone: whoever
 * fails with another certificate, or elsewhere, does not put back the device.
 */
#include "gate/effort.h"

#include <stdlib.h>
#include <string.h>

#include "gate/recent.h"
#include "gate/share.h"

struct ztp_effort {
	struct ztp_proven *proven;
	struct ztp_throttle *own; /* by path, key and address */
	struct ztp_share *share;
	struct ztp_share *wasted; /* by those with verifications of their own */
	struct ztp_recent *failed_proofs;
	struct ztp_recent *failed_paths; /* with key and address */
};

struct ztp_effort *ztp_effort_new(void)
{
	struct ztp_effort *effort = calloc(1, sizeof(*effort));

	if (!effort)
		return NULL;
	effort->proven = ztp_proven_new();
	effort->own = ztp_throttle_new((struct ztp_throttle_rule){
		ZTP_EFFORT_OWN_A_SECOND, ZTP_EFFORT_OWN_A_SECOND});
	effort->share = ztp_share_new();
	effort->wasted = ztp_share_new();
	effort->failed_proofs = ztp_recent_new(ZTP_EFFORT_FAILED_MS);
	effort->failed_paths = ztp_recent_new(ZTP_EFFORT_FAILED_MS);
	if (effort->proven && effort->own && effort->share && effort->wasted &&
	    effort->failed_proofs && effort->failed_paths)
		return effort;
	ztp_effort_free(effort);
	return NULL;
}

void ztp_effort_free(struct ztp_effort *effort)
{
	if (!effort)
		return;
	ztp_proven_free(effort->proven);
	ztp_throttle_free(effort->own);
	ztp_share_free(effort->share);
	ztp_share_free(effort->wasted);
	ztp_recent_free(effort->failed_proofs);
	ztp_recent_free(effort->failed_paths);
	free(effort);
}

struct ztp_proven *ztp_effort_proven(struct ztp_effort *effort)
{
	return effort->proven;
}

static void identify(struct ztp_effort_try *try)
{
	const struct ztp_throttle_source *source = &try->who.source;
	uint8_t text[ZTP_SHA256_LEN + sizeof(source->bytes) + ZTP_PATH_MAX];
	size_t len = ZTP_SHA256_LEN, path_len = strlen(try->who.path);

	memcpy(text, try->who.spki_sha256, ZTP_SHA256_LEN);
	memcpy(text + len, try->jwt_sha256, ZTP_SHA256_LEN);
	ztp_sha256(try->proof, text, len + ZTP_SHA256_LEN);
	memcpy(text + len, source->bytes, sizeof(source->bytes));
	len += sizeof(source->bytes);
	memcpy(text + len, try->who.path, path_len);
	ztp_sha256(try->id, text, len + path_len);
}

enum ztp_effort_answer ztp_effort_begin(struct ztp_effort *effort,
					struct ztp_db *db,
					struct ztp_effort_try *try)
{
	bool failed;

	identify(try);
	if (ztp_recent_has(effort->failed_proofs, try->proof, try->now))
		return ZTP_EFFORT_FAILED;
	try->proven_at =
		ztp_proven_at(effort->proven, db, &try->who, try->wall);
	failed = ztp_recent_has(effort->failed_paths, try->id, try->now);
	try->own = try->proven_at != 0 &&
		   ztp_share_open(effort->wasted, &try->who.source, failed,
				  try->now) &&
		   ztp_throttle_take(effort->own, try->id, sizeof(try->id),
				     NULL, try->now);
	if (try->own)
		return ZTP_EFFORT_VERIFY;
	return ztp_share_open(effort->share, &try->who.source, failed, try->now)
		       ? ZTP_EFFORT_VERIFY
		       : ZTP_EFFORT_LATER;
}

void ztp_effort_end(struct ztp_effort *effort, const struct ztp_effort_try *try,
		    enum ztp_effort_end end, int64_t us)
{
	bool first = end == ZTP_EFFORT_PROVEN && try->proven_at == 0;

	if (!try->own && !first)
		ztp_share_charge(effort->share, &try->who.source, us, try->now);
	if (end == ZTP_EFFORT_BAD_PROOF)
		ztp_recent_note(effort->failed_proofs, try->proof, try->now);
	if (end == ZTP_EFFORT_TROUBLE)
		return;
	if (try->own && end != ZTP_EFFORT_PROVEN)
		ztp_share_charge(effort->wasted, &try->who.source, us,
				 try->now);
	if (end != ZTP_EFFORT_PROVEN)
		ztp_recent_note(effort->failed_paths, try->id, try->now);
	else if (try->proven_at <= try->wall - ZTP_PROVEN_AGAIN_MS)
		ztp_proven_note(effort->proven, &try->who, try->wall, try->now);
}
