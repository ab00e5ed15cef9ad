#include "bridge/kafka/kafka_acl.h"

bool kafka_is_denied(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
	       err == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}

int kafka_denied(struct ztp_error *error, enum kafka_right right,
		 const char *name)
{
	static const char *const options[] = {
#define X(right, text) text,
		KAFKA_RIGHTS(X)
#undef X
	};

	return ztp_fail(error, ZTP_ERR_REFUSED,
			"kafka does not allow it: kafka-acls --add "
			"--allow-principal ... %s %.100s",
			options[right], name);
}
