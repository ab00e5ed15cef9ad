#include "tools/serve/session.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define EXPIRY_LEN 16			      /* hex digits */
#define ID_LEN	   (2 * (size_t)TOKEN_ID_LEN) /* likewise */
#define HEAD_LEN   (EXPIRY_LEN + 1 + ID_LEN)

/* head is "expiry.id". */
static bool sign(char out[ZTP_SHA256_HEX], const struct token *token,
		 const char head[HEAD_LEN])
{
	uint8_t mac[ZTP_SHA256_LEN];

	if (!HMAC(EVP_sha256(), token->hash, sizeof(token->hash),
		  (const unsigned char *)head, HEAD_LEN, mac, NULL))
		return false;
	ztp_hex_encode(out, mac, sizeof(mac));
	return true;
}

void session_make(char out[SESSION_MAX], const struct token *token,
		  int64_t now_ms)
{
	char id[ID_LEN + 1], mac[ZTP_SHA256_HEX], head[HEAD_LEN + 1];

	ztp_hex_encode(id, token->id, sizeof(token->id));
	(void)snprintf(head, sizeof(head), "%016" PRIx64 ".%.16s",
		       (uint64_t)(now_ms / 1000 + SESSION_S), id);
	if (!sign(mac, token, head))
		mac[0] = '\0';
	(void)snprintf(out, SESSION_MAX, "%s.%s", head, mac);
}

static uint64_t read_expiry(const char *text)
{
	uint8_t bytes[EXPIRY_LEN / 2];
	uint64_t number = 0;

	if (!ztp_hex_decode(bytes, sizeof(bytes), text, EXPIRY_LEN))
		return 0;
	for (size_t i = 0; i < sizeof(bytes); i++)
		number = number << 8 | bytes[i];
	return number;
}

struct token *session_find(const struct tokens *tokens, const char *text,
			   int64_t now_ms)
{
	uint8_t id[TOKEN_ID_LEN];
	char mac[ZTP_SHA256_HEX];

	if (strlen(text) != HEAD_LEN + 1 + ZTP_SHA256_HEX - 1 ||
	    text[EXPIRY_LEN] != '.' || text[HEAD_LEN] != '.' ||
	    read_expiry(text) <= (uint64_t)(now_ms / 1000) ||
	    !ztp_hex_decode(id, sizeof(id), text + EXPIRY_LEN + 1, ID_LEN))
		return NULL;
	for (size_t i = 0; i < tokens->count; i++) {
		struct token *token = &tokens->items[i];

		if (token->is_cert || memcmp(token->id, id, sizeof(id)) != 0 ||
		    !sign(mac, token, text))
			continue;
		if (CRYPTO_memcmp(mac, text + HEAD_LEN + 1,
				  ZTP_SHA256_HEX - 1) == 0)
			return token;
	}
	return NULL;
}
