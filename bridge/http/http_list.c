/*
 * Requests as JSON, page by page.
 *
 * A store may hold millions of rows, and the loop stands still while a page is
 * made. So a page has few rows, and a list reads them in windows and stops
 * after the window in which its time ran out; `next` says where to continue.
 * Undecided requests, which are listed most often, are found through their
 * index, however many rows lie between them.
 */
#include "bridge/http/http_list.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bridge/http/http_find.h"
#include "bridge/http/http_requests.h"
#include "ztp/member.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000
#define WINDOW	      500 /* rows between two looks at the clock */
#define TIME_MAX_MS   2
#define ROWS_MAX      200 /* of a page, whatever its limit: some 2 ms */

/* No request id begins with this character, and URLs need not escape it. */
#define CURSOR '@'

/* --- the query */

struct query {
	/* NULL: absent */
	const char *state, *registry, *device, *find, *order, *after, *limit;
	const char *wrong; /* NULL: nothing wrong */
};

static bool is_given(const char *text)
{
	return text && *text;
}

static enum MHD_Result on_parameter(void *arg, enum MHD_ValueKind kind,
				    const char *key, size_t key_len,
				    const char *value, size_t value_len)
{
	struct query *query = arg;
	const struct {
		const char *name;
		const char **member;
	} known[] = {
		{"state", &query->state},   {"registry", &query->registry},
		{"device", &query->device}, {"find", &query->find},
		{"order", &query->order},   {"after", &query->after},
		{"limit", &query->limit},
	};
	size_t i;

	(void)kind;
	if (key_len == 0 && !is_given(value)) /* "?a=b&" */
		return MHD_YES;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strlen(key) != key_len || strcmp(key, known[i].name) != 0)
			continue;
		if (*known[i].member)
			query->wrong = "a parameter is given more than once";
		if (value && strlen(value) != value_len)
			query->wrong = "a parameter contains a NUL";
		*known[i].member = value ? value : "";
		return MHD_YES;
	}
	query->wrong = "allowed parameters: state, registry, device, find, "
		       "order, after and limit";
	return MHD_YES;
}

struct listing {
	struct bridge *b;
	enum order { OLDEST, NEWEST, FINISHED, ORDER_COUNT } order;
	enum ztp_state state;
	const char *registry, *device;
	struct store_find find; /* id is NULL: none */
	bool first;		/* no `after` */
	/* The last row examined; finished_at is used only in that order. */
	struct store_place place;
	int limit;

	cJSON *rows;
	int count;
	bool more; /* there are more rows */
};

static const char *const order_names[ORDER_COUNT] = {"oldest", "newest",
						     "finished"};

static bool parse_order(enum order *order, const char *text)
{
	int i;

	for (i = 0; i < ORDER_COUNT; i++)
		if (strcmp(text, order_names[i]) == 0) {
			*order = (enum order)i;
			return true;
		}
	return false;
}

/* Parses digits up to the character `end` and moves *text there. */
static bool parse_number(int64_t *number, const char **text, char end,
			 int64_t max)
{
	char *stop;
	long long n;

	if (**text < '0' || **text > '9' || strcspn(*text, ".") > 19)
		return false;
	n = strtoll(*text, &stop, 10);
	if (*stop != end || n > max)
		return false;
	*text = stop;
	*number = n;
	return true;
}

static bool parse_cursor(struct listing *listing, const char *text)
{
	struct store_place *place = &listing->place;

	if (listing->order == FINISHED) {
		if (!parse_number(&place->finished_at, &text, '.', INT64_MAX))
			return false;
		text++;
	}
	return parse_number(&place->n, &text, '\0', INT64_MAX);
}

/* Returns 1, 0 if text names no position, or a negative error of the store. */
static int parse_after(struct listing *listing, const char *text,
		       struct ztp_error *error)
{
	struct store_request r;
	int rc;

	if (*text == CURSOR)
		return parse_cursor(listing, text + 1);
	if (!ztp_request_id_valid(text, strlen(text)))
		return 0;
	rc = store_request_by_id(listing->b->store, text, &r, error);
	if (rc != 1)
		return rc;
	listing->place.n = r.n;
	listing->place.finished_at = r.finished_at;
	return listing->order != FINISHED || r.finished_at > 0;
}

/* Returns what is wrong with the filters, or NULL. */
static const char *parse_filters(struct listing *listing,
				 const struct query *query)
{
	if (is_given(query->state) &&
	    !ztp_state_parse(&listing->state, query->state))
		return "state: no such state";
	if (is_given(query->order) &&
	    !parse_order(&listing->order, query->order))
		return "order: expected oldest, newest or finished";
	if (is_given(query->registry) &&
	    !ztp_registry_name_valid(query->registry))
		return "registry: expected SUBSCRIPTION/REGISTRY";
	if (is_given(query->registry))
		listing->registry = query->registry;
	if (is_given(query->find) &&
	    !http_find_parse(&listing->find, query->find))
		return "find: too long";
	if (!is_given(query->device))
		return NULL;
	if (ztp_path_parse(&(struct ztp_path){0}, query->device,
			   strlen(query->device), NULL) < 0)
		return "device: not a device path";
	if (listing->registry || listing->find.id || listing->order != OLDEST)
		return "device: cannot be combined with registry, find or "
		       "order";
	listing->device = query->device;
	return NULL;
}

/* Returns what is wrong with the parameters, or NULL; *rc is negative if the
 * store failed. */
static const char *parse_query(struct listing *listing,
			       const struct query *query, int *rc,
			       struct ztp_error *error)
{
	const char *wrong = query->wrong, *text = query->limit;
	int64_t limit = LIMIT_DEFAULT;

	if (!wrong && is_given(text) &&
	    (!parse_number(&limit, &text, '\0', LIMIT_MAX) || limit < 1))
		wrong = "limit: expected a number from 1 to 1000";
	listing->limit = (int)(limit < ROWS_MAX ? limit : ROWS_MAX);
	if (!wrong)
		wrong = parse_filters(listing, query);
	if (wrong)
		return wrong;
	if (listing->order != OLDEST)
		listing->place = (struct store_place){INT64_MAX, INT64_MAX};
	listing->first = !is_given(query->after);
	if (listing->first)
		return NULL;
	*rc = parse_after(listing, query->after, error);
	return *rc == 0 ? "after: expected a request id or a next" : NULL;
}

/* --- the walk */

static int add_row(void *arg, struct store_request *r)
{
	struct listing *listing = arg;
	cJSON *object = http_request_object(r);

	if (!object || !cJSON_AddItemToArray(listing->rows, object)) {
		cJSON_Delete(object);
		return ZTP_ERR_NOMEM;
	}
	listing->count++;
	listing->place.n = r->n;
	return 0;
}

static struct store_filter filter(const struct listing *listing, int limit)
{
	return (struct store_filter){listing->state, listing->registry, limit,
				     listing->find.id ? &listing->find : NULL};
}

/* Reads one window, beginning at the next row. Returns 1, 0 if there is no
 * next row, or a negative error. */
static int read_oldest(struct listing *listing, int limit,
		       struct ztp_error *error)
{
	const struct store_filter wanted = filter(listing, limit);
	struct store *store = listing->b->store;
	int64_t first = store_list_next(store, listing->place.n,
					ztp_state_undecided(listing->state));
	int rc;

	if (first == 0 || limit == 0)
		return first != 0;
	rc = store_list_each(store, first - 1, first - 1 + WINDOW, &wanted,
			     add_row, listing, error);
	if (listing->count < listing->limit)
		listing->place.n = first - 1 + WINDOW;
	return rc < 0 ? rc : 1;
}

static int read_newest(struct listing *listing, int limit,
		       struct ztp_error *error)
{
	const struct store_filter wanted = filter(listing, limit);
	struct store *store = listing->b->store;
	int64_t first = store_list_before(store, listing->place.n,
					  ztp_state_undecided(listing->state));
	int rc;

	if (first == 0 || limit == 0)
		return first != 0;
	rc = store_newest_each(store, first + 1, first + 1 - WINDOW, &wanted,
			       add_row, listing, error);
	if (listing->count < listing->limit)
		listing->place.n = first + 1 - WINDOW;
	return rc < 0 ? rc : 1;
}

static int skip_row(void *arg, struct store_request *r)
{
	(void)arg;
	(void)r;
	return 0;
}

static int read_finished(struct listing *listing, int limit,
			 struct ztp_error *error)
{
	const struct store_filter wanted = filter(listing, limit ? limit : 1);
	struct store_place place = listing->place;
	int rc = store_finished_each(
		listing->b->store, &place, limit ? WINDOW : 1, &wanted,
		limit ? add_row : skip_row, listing, error);

	if (limit != 0)
		listing->place = place;
	return rc < 0 ? rc : rc > 0;
}

/* Fills rows and sets `more`. */
static int walk(struct listing *listing, struct ztp_error *error)
{
	static int (*const readers[ORDER_COUNT])(struct listing *, int,
						 struct ztp_error *) = {
		read_oldest, read_newest, read_finished};
	int64_t end = ztp_clock_boot() + TIME_MAX_MS;
	bool full, looked = false; /* a page without a row still moves on */
	int rc;

	if (listing->state != ZTP_STATE_NONE &&
	    (store_count(listing->b->store, listing->state) == 0 ||
	     (listing->order == FINISHED &&
	      !ztp_state_finished(listing->state))))
		return 0;
	do {
		full = listing->count == listing->limit ||
		       (looked && ztp_clock_boot() > end);
		rc = readers[listing->order](
			listing, full ? 0 : listing->limit - listing->count,
			error);
		looked = true;
	} while (rc > 0 && !full);
	listing->more = rc > 0;
	return rc < 0 ? rc : 0;
}

static int add_device_row(void *arg, struct store_request *r)
{
	struct listing *listing = arg;

	if (r->n <= listing->place.n ||
	    (listing->state != ZTP_STATE_NONE && r->state != listing->state))
		return 0;
	listing->more = listing->count == listing->limit;
	return listing->more ? 1 : add_row(listing, r);
}

/* A device has few requests, which are found by its path. */
static int walk_device(struct listing *listing, struct ztp_error *error)
{
	int rc = store_path_each(listing->b->store, listing->device,
				 add_device_row, listing, error);

	return rc < 0 ? rc : 0;
}

/* A request's whole id is found by its index, and is nothing else's beginning.
 * Returns 1 if that is all there is to find. */
static int walk_id(struct listing *listing, struct ztp_error *error)
{
	const char *id = listing->find.id;
	struct store_request r;
	int rc;

	if (!id || !listing->first || listing->state || listing->registry ||
	    !ztp_request_id_valid(id, strlen(id)))
		return 0;
	rc = store_request_by_id(listing->b->store, id, &r, error);
	if (rc == 1 && add_row(listing, &r) != 0)
		return ZTP_ERR_NOMEM;
	return rc;
}

static int walk_all(struct listing *listing, struct ztp_error *error)
{
	int rc;

	if (listing->device)
		return walk_device(listing, error);
	rc = walk_id(listing, error);
	if (rc == 0)
		return walk(listing, error);
	return rc < 0 ? rc : 0;
}

static bool add_next(cJSON *object, const struct listing *listing)
{
	char next[48], ended[24] = "";

	if (!listing->more)
		return true;
	if (listing->order == FINISHED)
		(void)snprintf(ended, sizeof(ended), "%" PRId64 ".",
			       listing->place.finished_at);
	(void)snprintf(next, sizeof(next), "%c%s%" PRId64, CURSOR, ended,
		       listing->place.n);
	return cJSON_AddStringToObject(object, ZTP_M_NEXT, next);
}

static struct http_page list_page(struct listing *listing)
{
	cJSON *object = cJSON_CreateObject();
	struct ztp_error error;
	int rc = ZTP_ERR_NOMEM;

	listing->rows = cJSON_AddArrayToObject(object, "requests");
	if (listing->rows)
		rc = walk_all(listing, &error);
	if (rc == 0 && add_next(object, listing) &&
	    http_add_copy(object, listing->b))
		return http_json_page(MHD_HTTP_OK, object);
	cJSON_Delete(object);
	if (rc == 0 || rc == ZTP_ERR_NOMEM)
		return http_json_page(MHD_HTTP_OK, NULL);
	return http_store_page(listing->b, &error);
}

struct http_page http_requests_list(struct bridge *b,
				    struct MHD_Connection *client)
{
	struct listing listing = {.b = b};
	struct query query = {0};
	struct ztp_error error;
	const char *wrong;
	int rc = 0;

	if (!http_page_listed(b))
		return http_unread_page();
	(void)MHD_get_connection_values_n(client, MHD_GET_ARGUMENT_KIND,
					  on_parameter, &query);
	wrong = parse_query(&listing, &query, &rc, &error);
	if (rc < 0)
		return http_store_page(b, &error);
	if (wrong)
		return http_error_page(MHD_HTTP_BAD_REQUEST, wrong);
	return list_page(&listing);
}
