#include <string.h>

#include "policy/der.h"

#define DEPTH_MAX	 16 /* a certificate needs 9 */
#define TAG_MASK	 0x1f
#define CLASS_MASK	 0xc0 /* no bit set: universal */
#define UNIVERSAL_STRING 0x1c
#define BMP_STRING	 0x1e

/* An element of the input. */
struct element {
	const uint8_t *start, *value, *end;
	uint8_t id;
};

/* Returns the end of a tag number over 30, which must have as few groups of
 * seven bits as possible (X.690 8.1.2.4); NULL when it does not. */
static const uint8_t *skip_tag(const uint8_t *at, const uint8_t *limit)
{
	int64_t tag = 0;

	do {
		if (at == limit || (tag == 0 && *at == 0x80))
			return NULL;
		tag = tag << 7 | (*at & 0x7f);
		if (tag > INT32_MAX)
			return NULL;
	} while (*at++ & 0x80);
	return tag > 30 ? at : NULL;
}

/* Returns the end of a length, which must be definite and minimal; NULL when it
 * is not. */
static const uint8_t *read_length(size_t *len, const uint8_t *at,
				  const uint8_t *limit)
{
	size_t count;

	if (at == limit)
		return NULL;
	*len = *at++;
	if (*len < 0x80)
		return at;
	count = *len & 0x7f;
	if (count < 1 || count > 4 || (size_t)(limit - at) < count || *at == 0)
		return NULL;
	for (*len = 0; count > 0; count--)
		*len = *len << 8 | *at++;
	return *len >= 0x80 && *len <= INT32_MAX ? at : NULL;
}

static bool read_element(struct element *element, const uint8_t *at,
			 const uint8_t *limit)
{
	size_t len;

	if (at == limit)
		return false;
	element->start = at;
	element->id = *at++;
	if ((element->id & TAG_MASK) == TAG_MASK) {
		at = skip_tag(at, limit);
		if (!at)
			return false;
	}
	element->value = read_length(&len, at, limit);
	if (!element->value || len > (size_t)(limit - element->value))
		return false;
	element->end = element->value + len;
	return true;
}

static bool integer_strict(const uint8_t *value, size_t len)
{
	if (len == 0)
		return false;
	return len == 1 || !((value[0] == 0x00 && value[1] < 0x80) ||
			     (value[0] == 0xff && value[1] >= 0x80));
}

static bool bits_strict(const uint8_t *value, size_t len)
{
	if (len == 0 || value[0] > 7 || (len == 1 && value[0] != 0))
		return false;
	return len == 1 || (value[len - 1] & ((1 << value[0]) - 1)) == 0;
}

static bool oid_strict(const uint8_t *value, size_t len)
{
	bool first = true;

	if (len == 0 || value[len - 1] & 0x80)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (first && value[i] == 0x80)
			return false;
		first = !(value[i] & 0x80);
	}
	return true;
}

static bool primitive_strict(const struct element *element)
{
	const uint8_t *value = element->value;
	size_t len = (size_t)(element->end - value);

	switch (element->id) {
	case 0: /* end of contents */
	case ZTP_DER_SEQUENCE &TAG_MASK:
	case ZTP_DER_SET &TAG_MASK:
		return false;
	case ZTP_DER_BOOLEAN:
		return len == 1 && (value[0] == 0x00 || value[0] == 0xff);
	case ZTP_DER_INTEGER:
	case 0x0a: /* ENUMERATED */
		return integer_strict(value, len);
	case ZTP_DER_BITS:
		return bits_strict(value, len);
	case ZTP_DER_NULL:
		return len == 0;
	case ZTP_DER_OID:
		return oid_strict(value, len);
	default:
		return true;
	}
}

static bool may_be_constructed(uint8_t id)
{
	return id & CLASS_MASK || id == ZTP_DER_SEQUENCE || id == ZTP_DER_SET;
}

/* X.690 11.6: the encodings ascend. */
static bool in_order(const struct element *before, const struct element *after)
{
	size_t n = (size_t)(before->end - before->start);
	size_t m = (size_t)(after->end - after->start);
	int order = memcmp(before->start, after->start, n < m ? n : m);

	return order < 0 || (order == 0 && n <= m);
}

static bool element_strict(const struct element *element, int depth)
{
	struct element child, before = {.start = NULL};

	if (!(element->id & ZTP_DER_CONSTRUCTED))
		return primitive_strict(element);
	if (!may_be_constructed(element->id) || depth >= DEPTH_MAX)
		return false;
	for (const uint8_t *at = element->value; at < element->end;
	     at = child.end) {
		if (!read_element(&child, at, element->end) ||
		    !element_strict(&child, depth + 1))
			return false;
		if (element->id == ZTP_DER_SET) {
			if (before.start && !in_order(&before, &child))
				return false;
			before = child;
		}
	}
	return true;
}

bool ztp_der_strict(const void *der, size_t len)
{
	const uint8_t *start = der;
	struct element element;

	return len > 0 && read_element(&element, start, start + len) &&
	       element.end == start + len && element_strict(&element, 1);
}

bool ztp_der_next(struct ztp_str *rest, struct ztp_der *element)
{
	const uint8_t *start = (const uint8_t *)rest->p;
	struct element read;

	if (rest->n == 0 || !read_element(&read, start, start + rest->n))
		return false;
	element->id = read.id;
	element->whole.p = rest->p;
	element->whole.n = (size_t)(read.end - start);
	element->contents.p = (const char *)read.value;
	element->contents.n = (size_t)(read.end - read.value);
	rest->p += element->whole.n;
	rest->n -= element->whole.n;
	return true;
}

bool ztp_der_take(struct ztp_str *rest, uint8_t id, struct ztp_str *contents)
{
	struct ztp_der element;

	if (!ztp_der_next(rest, &element) || element.id != id)
		return false;
	*contents = element.contents;
	return true;
}

bool ztp_der_optional(struct ztp_str *rest, uint8_t id,
		      struct ztp_str *contents)
{
	return rest->n > 0 && (uint8_t)rest->p[0] == id &&
	       ztp_der_take(rest, id, contents);
}

bool ztp_der_same(struct ztp_str a, struct ztp_str b)
{
	return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* A string must have whole characters even where any type is allowed. */
static bool characters_whole(const struct ztp_der *element)
{
	switch (element->id) {
	case BMP_STRING:
		return element->contents.n % 2 == 0;
	case UNIVERSAL_STRING:
		return element->contents.n % 4 == 0;
	default:
		return true;
	}
}

bool ztp_der_algorithm(struct ztp_str *rest,
		       struct ztp_der_algorithm *algorithm)
{
	struct ztp_der element;
	struct ztp_str inside;

	if (!ztp_der_next(rest, &element) || element.id != ZTP_DER_SEQUENCE)
		return false;
	algorithm->whole = element.whole;
	inside = element.contents;
	if (!ztp_der_take(&inside, ZTP_DER_OID, &algorithm->oid))
		return false;
	algorithm->parameter.id = 0;
	if (inside.n == 0)
		return true;
	return ztp_der_next(&inside, &algorithm->parameter) && inside.n == 0 &&
	       characters_whole(&algorithm->parameter);
}
