# The examples, each built by its own ecosystem's tools from its own manifest
# and lock into $(BUILD)/examples, so that nothing is left beside the sources.

EXAMPLES_DIR = $(abspath $(BUILD))/examples
EXAMPLES = python go java node

.PHONY: test-examples examples $(EXAMPLES:%=example-%)

examples: $(EXAMPLES:%=example-%)

example-python:
	$(Q)$(PYTHON) -m venv '$(EXAMPLES_DIR)/python'
	$(Q)'$(EXAMPLES_DIR)/python/bin/pip' --quiet --disable-pip-version-check \
		install -r examples/python/requirements.txt

example-go:
	$(Q)go build -C examples/go -mod=readonly -p 1 -o '$(EXAMPLES_DIR)/go/approver' .

example-java:
	$(Q)mvn --quiet --batch-mode -f examples/java/pom.xml \
		-Dbuild.folder='$(EXAMPLES_DIR)/java' package

example-node:
	$(Q)mkdir -p '$(EXAMPLES_DIR)/node'
	$(Q)cp examples/node/package.json examples/node/package-lock.json \
		examples/node/approver.js '$(EXAMPLES_DIR)/node'
	$(Q)npm ci --prefix '$(EXAMPLES_DIR)/node' --silent --no-audit --no-fund

# Each of them on a real Kafka, killed and started again in the middle.
test-examples: all examples
	$(Q)scripts/deps build demo kafka test
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/examples
