/* What the commands of $CONTROL/ztp/v1 share: reading members and building the
 * answer. */
#include "gate/control.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_tree.h"
#include "gate/audit.h"
#include "gate/publish.h"
#include "ztp/code.h"
#include "ztp/member.h"

/* --- the answer */

bool ztp_reply_fail(struct ztp_reply *reply, const char *code,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reply->error, sizeof(reply->error), format, args);
	va_end(args);
	reply->code = code;
	cJSON_Delete(reply->data);
	reply->data = NULL;
	return false;
}

bool ztp_reply_error(struct ztp_reply *reply, const struct ztp_error *error)
{
	const char *code = ZTP_CODE_INVALID_ARGUMENT;

	switch (error->code) {
	case ZTP_ERR_IO:
	case ZTP_ERR_FULL:
	case ZTP_ERR_NOMEM: /* passes as well: the bridge asks again */
		code = ZTP_CODE_UNAVAILABLE;
		break;
	case ZTP_ERR_INTERNAL:
		code = ZTP_CODE_INTERNAL;
		break;
	case ZTP_ERR_TOO_MANY:
		code = ZTP_CODE_RESOURCE_EXHAUSTED;
		break;
	default:
		break;
	}
	return ztp_reply_fail(reply, code, "%s", error->message);
}

bool ztp_control_commit(struct ztp_gate *gate, struct ztp_reply *reply)
{
	struct ztp_error error = {0};

	if (ztp_db_keep(gate->db, &error) == 0 &&
	    ztp_gate_secure(gate, &error) == 0)
		return true;
	return ztp_reply_error(reply, &error); /* run_one undoes it */
}

void ztp_control_note(struct ztp_gate *gate, const char *verdict,
		      const char *code, const char *path,
		      const uint8_t *fingerprint, const char *request_id)
{
	ztp_audit(gate, &(struct ztp_audit){.verdict = verdict,
					    .code = code,
					    .path = path,
					    .fingerprint = fingerprint,
					    .request_id = request_id});
}

/* --- members of a command */

bool ztp_control_string(const char **value, const cJSON *in, const char *name,
			size_t max, bool required, struct ztp_reply *reply)
{
	struct ztp_error error = {0};

	*value = NULL;
	if (ztp_tree_string(value, in, name, max, &error) != 0)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "%s: %s", name, error.message);
	if (required && (!*value || !**value))
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "%s is missing", name);
	return true;
}

bool ztp_control_path(struct ztp_path *path, const cJSON *in,
		      struct ztp_reply *reply)
{
	struct ztp_error error = {0};
	const char *text;

	if (!ztp_control_string(&text, in, ZTP_M_DEVICE_PATH, ZTP_PATH_MAX,
				true, reply))
		return false;
	if (ztp_path_parse(path, text, strlen(text), &error) != 0)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "device_path: %s", error.message);
	return true;
}

bool ztp_control_fingerprint(uint8_t fingerprint[ZTP_SHA256_LEN], bool *present,
			     const cJSON *in, struct ztp_reply *reply)
{
	const char *text;

	if (!ztp_control_string(&text, in, ZTP_M_FINGERPRINT,
				2 * ZTP_SHA256_LEN, !present, reply))
		return false;
	if (present)
		*present = text != NULL;
	if (text &&
	    !ztp_hex_decode(fingerprint, ZTP_SHA256_LEN, text, strlen(text)))
		return ztp_reply_fail(
			reply, ZTP_CODE_INVALID_ARGUMENT,
			"fingerprint_sha256 is not 64 hex digits");
	return true;
}

bool ztp_control_retry_at(int64_t *at, struct ztp_gate *gate, const cJSON *in,
			  struct ztp_reply *reply)
{
	int64_t seconds = gate->options.retry_after_s;
	struct ztp_error error = {0};

	if (ztp_tree_int(&seconds, in, ZTP_M_RETRY_AFTER, 0,
			 ZTP_CONTROL_RETRY_MAX_S, &error) != 0)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      "retry_after_s: %s", error.message);
	*at = ztp_clock_wall() + seconds * 1000;
	return true;
}

struct ztp_registry *ztp_control_registry(struct ztp_gate *gate,
					  const cJSON *in,
					  struct ztp_reply *reply)
{
	struct ztp_registry *registry;
	const char *name;

	if (!ztp_control_string(&name, in, ZTP_M_REGISTRY, ZTP_REGISTRY_MAX,
				true, reply))
		return NULL;
	if (!ztp_registry_name_valid(name)) {
		(void)ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				     "registry is not "
				     "subscription/registry");
		return NULL;
	}
	registry = ztp_registries_find(gate->registries, name, strlen(name));
	if (!registry)
		(void)ztp_reply_fail(reply, ZTP_CODE_NOT_FOUND,
				     "no registry %s", name);
	return registry;
}

/* --- lists */

bool ztp_page_begin(struct ztp_page *page, struct ztp_gate *gate,
		    const cJSON *in, const char *name, struct ztp_reply *reply)
{
	struct ztp_error error = {0};

	*page = (struct ztp_page){.gate = gate,
				  .limit = ZTP_CONTROL_PAGE_DEFAULT};
	if (!ztp_control_string(&page->after, in, "after", ZTP_PATH_MAX, false,
				reply))
		return false;
	if (!page->after)
		page->after = "";
	if (ztp_tree_int(&page->limit, in, ZTP_M_LIMIT, 1, ZTP_CONTROL_PAGE_MAX,
			 &error) != 0)
		return ztp_reply_fail(reply, ZTP_CODE_INVALID_ARGUMENT,
				      ZTP_M_LIMIT ": %s", error.message);
	if (gate->lists.left <= 0)
		return ztp_reply_fail(reply, ZTP_CODE_RESOURCE_EXHAUSTED,
				      "the lists of one message have at most "
				      "%d rows",
				      ZTP_LISTS_ROWS);
	if (page->limit > gate->lists.left)
		page->limit = gate->lists.left;
	page->rows = ztp_tree_put_list(reply->data, name);
	return true;
}

bool ztp_page_registry(struct ztp_page *page, const cJSON *in,
		       struct ztp_reply *reply)
{
	if (!cJSON_GetObjectItemCaseSensitive(in, ZTP_M_REGISTRY))
		return true;
	page->registry = ztp_control_registry(page->gate, in, reply);
	return page->registry != NULL;
}

cJSON *ztp_page_row(struct ztp_page *page, const char *cursor)
{
	cJSON *row;

	if (page->count == page->limit) {
		page->more = true;
		return NULL;
	}
	ztp_lists_row(&page->gate->lists);
	row = ztp_tree_put_row(page->rows);
	(void)snprintf(page->last, sizeof(page->last), "%s", cursor);
	page->count++;
	return row;
}

void ztp_page_end(struct ztp_page *page, struct ztp_reply *reply)
{
	if (page->more)
		ztp_tree_put_text(reply->data, ZTP_M_NEXT, page->last);
}

/* --- sessions */

struct ztp_session *ztp_control_live(struct ztp_gate *gate, const char *path,
				     const uint8_t spki_sha256[ZTP_SHA256_LEN])
{
	struct ztp_session *session =
		ztp_sessions_by_path(gate->sessions, path);

	if (!session || !session->live || session->right == ZTP_RIGHT_NONE ||
	    memcmp(session->spki_sha256, spki_sha256, ZTP_SHA256_LEN) != 0)
		return NULL;
	return session;
}

void ztp_control_describe_live(cJSON *object, struct ztp_gate *gate,
			       const char *path,
			       const uint8_t spki_sha256[ZTP_SHA256_LEN])
{
	const struct ztp_session *session =
		ztp_control_live(gate, path, spki_sha256);

	ztp_tree_put_bool(object, ZTP_M_LIVE, session != NULL);
	ztp_tree_put_bool(object, ZTP_M_SUBSCRIBED,
			  session && session->subscribed);
}

void ztp_control_describe_connection(cJSON *object, struct ztp_gate *gate,
				     const char *path,
				     const uint8_t spki_sha256[ZTP_SHA256_LEN])
{
	const struct ztp_session *session =
		ztp_control_live(gate, path, spki_sha256);

	if (session)
		ztp_publish_add_connection(object, session);
}
