# The customers' examples on a real Kafka. Each is built and run as its line in
# examples/README.md says, by its ecosystem's own tools, in a copy below
# $(BUILD)/examples, and is killed and started again in the middle.

.PHONY: test-examples

test-examples:
	$(Q)scripts/deps build demo kafka unit test examples
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/examples
