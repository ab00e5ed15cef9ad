#include <openssl/asn1.h>
#include <string.h>

#include "policy/der.h"

#define DEPTH_MAX   16 /* a certificate needs 9 */
#define CONSTRUCTED 0x20
#define HEADER_MAX  16 /* tag and length, each at most 6 bytes */

struct element {
	const uint8_t *start, *value, *end;
	int tag, class;
	bool constructed;
};

/* The library reads the header; the library's own way to write it is what
 * the bytes must be. */
static bool read_element(struct element *element, const uint8_t *at,
			 const uint8_t *limit)
{
	uint8_t header[HEADER_MAX], *to = header;
	long len;
	int flags;

	element->start = element->value = at;
	if (at >= limit)
		return false;
	flags = ASN1_get_object(&element->value, &len, &element->tag,
				&element->class, limit - at);
	if ((flags & ~CONSTRUCTED) != 0 || len < 0 || len > INT32_MAX ||
	    element->value - at > HEADER_MAX || len > limit - element->value)
		return false;
	element->constructed = flags & CONSTRUCTED;
	element->end = element->value + len;
	ASN1_put_object(&to, element->constructed, (int)len, element->tag,
			element->class);
	return to - header == element->value - at &&
	       memcmp(header, at, (size_t)(to - header)) == 0;
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

	if (element->class != V_ASN1_UNIVERSAL)
		return true;
	switch (element->tag) {
	case V_ASN1_EOC:
	case V_ASN1_SEQUENCE:
	case V_ASN1_SET:
		return false;
	case V_ASN1_BOOLEAN:
		return len == 1 && (value[0] == 0x00 || value[0] == 0xff);
	case V_ASN1_INTEGER:
	case V_ASN1_ENUMERATED:
		return integer_strict(value, len);
	case V_ASN1_BIT_STRING:
		return bits_strict(value, len);
	case V_ASN1_NULL:
		return len == 0;
	case V_ASN1_OBJECT:
		return oid_strict(value, len);
	default:
		return true;
	}
}

static bool may_be_constructed(const struct element *element)
{
	return element->class != V_ASN1_UNIVERSAL ||
	       element->tag == V_ASN1_SEQUENCE || element->tag == V_ASN1_SET;
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
	bool set = element->class == V_ASN1_UNIVERSAL &&
		   element->tag == V_ASN1_SET;

	if (!element->constructed)
		return primitive_strict(element);
	if (!may_be_constructed(element) || depth >= DEPTH_MAX)
		return false;
	for (const uint8_t *at = element->value; at < element->end;
	     at = child.end) {
		if (!read_element(&child, at, element->end) ||
		    !element_strict(&child, depth + 1))
			return false;
		if (set && before.start && !in_order(&before, &child))
			return false;
		before = child;
	}
	return true;
}

bool ztp_der_strict(const void *der, size_t len)
{
	const uint8_t *start = der;
	struct element element;

	return read_element(&element, start, start + len) &&
	       element.end == start + len && element_strict(&element, 1);
}

bool ztp_der_take(struct ztp_str *rest, struct ztp_str *taken,
		  struct ztp_str *contents)
{
	const uint8_t *start = (const uint8_t *)rest->p;
	struct element element;

	if (!read_element(&element, start, start + rest->n))
		return false;
	taken->p = rest->p;
	taken->n = (size_t)(element.end - start);
	if (contents) {
		contents->p = (const char *)element.value;
		contents->n = (size_t)(element.end - element.value);
	}
	rest->p += taken->n;
	rest->n -= taken->n;
	return true;
}
