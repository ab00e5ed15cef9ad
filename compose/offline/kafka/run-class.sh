#!/bin/bash
# What Kafka's own scripts of these names do. Its artifacts hold SLF4J without
# a back end but slf4j-simple, which is told to be as quiet as
# tools-log4j2.yaml.
case ${0##*/} in
kafka-storage.sh) class=kafka.tools.StorageTool ;;
kafka-server-start.sh) class=kafka.Kafka ;;
*) echo "$0: not here" >&2 && exit 2 ;;
esac
read -r -a heap <<<"${KAFKA_HEAP_OPTS:-}"
exec java "${heap[@]}" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
	-cp '/opt/kafka/libs/*' "$class" "$@"
