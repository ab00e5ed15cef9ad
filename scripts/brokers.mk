# ztp-bridge beside other brokers: `make test-brokers` runs each of them here,
# in each version of MQTT that it has, and writes docs/brokers.md of what it saw.
# Some 25 minutes; the first time they are fetched as well. One of them:
# `make test-brokers PYTEST_ARGS='-k hivemq'`.

.PHONY: test-brokers brokers-report

test-brokers:
	$(Q)scripts/deps build demo test brokers
	$(Q)scripts/brokers-fetch >/dev/null
	$(Q)+$(MAKE) --no-print-directory all
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/brokers
	$(Q)+$(MAKE) --no-print-directory brokers-report

brokers-report:
	$(Q)$(RUN_ENV) $(PYTHON) scripts/brokers-report
