# The customer's door over HTTP: `make bench-serve` measures decisions a second
# through ztp-approver serve on a real Kafka, and writes the figures to
# $(BUILD)/bench/serve.json.

# The document is embedded with the assembler, so gcc does not list it as a
# dependency.
$(BUILD)/o/tools/serve/openapi.o $(BUILD)/san/tools/serve/openapi.o: docs/openapi.json

bench-serve:
	$(Q)scripts/deps build demo kafka test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTHON) scripts/bench-serve $(BENCH_ARGS)

.PHONY: bench-serve
