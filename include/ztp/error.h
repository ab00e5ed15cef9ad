/*
 * ztp/error.h - errors: a code for programs and a message for people.
 *
 * Operations return 0 or a negative enum ztp_err and fill the caller's
 * struct ztp_error, which may be NULL. A message never contains a secret: no
 * certificate, JWT, password or payload bytes.
 */
#ifndef ZTP_ERROR_H
#define ZTP_ERROR_H

#include <stdbool.h>

/* X(NAME, number, "stable_name"). The stable name is for programs: it appears
 * in audit records, log lines and the dead letters' exception.class.name. */
#define ZTP_ERR_LIST(X)                                                        \
	X(NOMEM, -1, "out_of_memory")                                          \
	X(INTERNAL, -2, "internal")                                            \
	X(IO, -3, "io")                                                        \
	X(FULL, -4, "full")                                                    \
	X(USAGE, -5, "usage")                                                  \
	X(REFUSED, -6, "refused")                                              \
	X(UNREADABLE, -7, "unreadable")                                        \
	X(EMPTY, -10, "empty")                                                 \
	X(TOO_LARGE, -11, "too_large")                                         \
	X(JSON, -12, "bad_json")                                               \
	X(TOO_DEEP, -13, "too_deep")                                           \
	X(DUPLICATE_KEY, -14, "duplicate_key")                                 \
	X(UTF8, -15, "bad_utf8")                                               \
	X(NUL, -16, "nul_character")                                           \
	X(TYPE, -17, "wrong_type")                                             \
	X(MISSING, -18, "missing_member")                                      \
	X(VALUE, -19, "bad_value")                                             \
	X(BASE64, -20, "bad_base64")                                           \
	X(PATH, -21, "bad_path")                                               \
	X(CLOUDEVENT, -22, "bad_cloudevent")                                   \
	X(CERT, -30, "bad_certificate")                                        \
	X(CERT_KEY, -31, "bad_key")                                            \
	X(CERT_SIGNATURE, -32, "weak_signature")                               \
	X(CERT_USAGE, -33, "bad_key_usage")                                    \
	X(CERT_IS_CA, -34, "certificate_is_ca")                                \
	X(CERT_EXPIRED, -35, "expired_certificate")                            \
	X(CERT_NOT_YET, -36, "certificate_not_yet_valid")                      \
	X(UNTRUSTED, -37, "untrusted_issuer")                                  \
	X(PROOF, -40, "bad_proof")                                             \
	X(PROOF_EXPIRED, -41, "expired_proof")                                 \
	X(PROOF_AUDIENCE, -42, "wrong_audience")                               \
	X(PROOF_SUBJECT, -43, "wrong_subject")                                 \
	X(PROOF_EARLY, -44, "clock_ahead")                                     \
	X(PROOF_LONG, -45, "lifetime_too_long")                                \
	X(PROOF_ALGORITHM, -46, "wrong_algorithm")                             \
	X(PROOF_KEY, -47, "wrong_key")                                         \
	X(TOO_MANY, -50, "too_many")                                           \
	X(ILLEGAL_MOVE, -51, "illegal_move")                                   \
	X(STATE_NEWER, -60, "state_newer")                                     \
	X(STATE_LOST, -61, "state_lost")                                       \
	X(FENCED, -62, "fenced")

enum ztp_err {
	ZTP_OK = 0,
#define X(name, number, text) ZTP_ERR_##name = (number),
	ZTP_ERR_LIST(X)
#undef X
};

struct ztp_error {
	enum ztp_err code;
	bool fatal;	/* the object that failed cannot be used any more */
	bool retriable; /* the same call may succeed later */
	char message[256];
};

/* Fills error, which may be NULL, and returns code, so that a caller can write
 * `return ztp_fail(error, ZTP_ERR_TYPE, "...")`. A message that is too long is
 * truncated between two characters. */
int ztp_fail(struct ztp_error *error, enum ztp_err code, const char *format,
	     ...) __attribute__((format(printf, 3, 4)));

/* The stable name of a code; "unknown" for any other number. */
const char *ztp_err_name(enum ztp_err code);

#endif
