# The customer examples on a real Kafka. Each is built and run by its line in
# examples/README.md, with its ecosystem's own tools, in a copy below
# $(BUILD)/examples, and is killed and restarted in the middle.

.PHONY: test-examples

test-examples:
	$(Q)scripts/deps build demo kafka unit test examples
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/examples
