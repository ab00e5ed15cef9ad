# ztp-bridge with other brokers: `make test-brokers` runs each of them here, in
# each version of MQTT that it supports, and writes the results to
# docs/brokers.md. It takes about 25 minutes, and the first run fetches the
# brokers. To run one of them: `make test-brokers PYTEST_ARGS='-k hivemq'`.

.PHONY: test-brokers brokers-report

test-brokers:
	$(Q)scripts/deps build demo test brokers
	$(Q)scripts/brokers-fetch >/dev/null
	$(Q)+$(MAKE) $(JOBS) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/brokers
	$(Q)+$(MAKE) $(JOBS) --no-print-directory brokers-report

brokers-report:
	$(Q)$(RUN_ENV) $(PYTHON) scripts/brokers-report
