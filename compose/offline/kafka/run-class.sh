#!/bin/bash
# Does what Kafka's own scripts of these names do. The only SLF4J back end among
# its artifacts is slf4j-simple, set here to the level of tools-log4j2.yaml.
case ${0##*/} in
kafka-storage.sh) class=kafka.tools.StorageTool ;;
kafka-server-start.sh) class=kafka.Kafka ;;
*) echo "$0: not supported" >&2 && exit 2 ;;
esac
read -r -a heap <<<"${KAFKA_HEAP_OPTS:-}"
exec java "${heap[@]}" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
	-cp '/opt/kafka/libs/*' "$class" "$@"
