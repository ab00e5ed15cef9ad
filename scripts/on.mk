# `make on RELEASE=trixie` runs the README's commands in a fresh Debian of that
# release, in a directory of the build. TARGET="demo unit local" selects other
# targets. Run it as root.

RELEASE ?=
ARCH    ?= $(shell dpkg --print-architecture)
TARGET  ?= demo
# Variables passed on to the make in there if they are set here.
ON_PASSED := WERROR WORKERS PYTEST_ARGS KAFKA KAFKA_VERSION CC CFLAGS V

.PHONY: on
on:
	$(Q)exec env FRESH='$(FRESH)' KEEP='$(KEEP)' MIRROR='$(MIRROR)' scripts/on \
		'$(RELEASE)' '$(ARCH)' '$(BUILD)/on/$(RELEASE)-$(ARCH)' $(TARGET) \
		$(foreach name,$(ON_PASSED),$(if $(filter command environment,$(origin $(name))),'$(name)=$($(name))'))

# Runs all tests on each release, and the end-to-end tests with other versions
# of Kafka and librdkafka, and writes docs/platforms.md. It takes hours;
# ROWS="trixie sid" runs some rows only.
ROWS ?=

.PHONY: matrix platform-facts
matrix:
	$(Q)scripts/deps matrix
	$(Q)$(PYTHON) scripts/matrix --build $(BUILD) $(ROWS)

# Prints the versions this machine has of the programs' dependencies, as JSON.
platform-facts:
	$(Q)scripts/deps build demo
	$(Q)$(PYTHON) scripts/platform-facts
