# Everywhere its users are: `make on RELEASE=trixie` runs the README's commands
# in that release of Debian as on a new machine, in a folder of the build.
# TARGET="demo unit local" are others; as root.

RELEASE ?=
ARCH    ?= $(shell dpkg --print-architecture)
TARGET  ?= demo
# What goes on to the make there, when it is set here.
ON_PASSED := WERROR WORKERS PYTEST_ARGS KAFKA KAFKA_VERSION CC CFLAGS V

.PHONY: on
on:
	$(Q)exec env FRESH='$(FRESH)' KEEP='$(KEEP)' MIRROR='$(MIRROR)' scripts/on \
		'$(RELEASE)' '$(ARCH)' '$(BUILD)/on/$(RELEASE)-$(ARCH)' $(TARGET) \
		$(foreach name,$(ON_PASSED),$(if $(filter command environment,$(origin $(name))),'$(name)=$($(name))'))

# All tests on each release, and the end-to-end tests with other Kafkas and
# another librdkafka; docs/platforms.md is written of it. Hours; some rows:
# ROWS="trixie sid".
ROWS ?=

.PHONY: matrix platform-facts
matrix:
	$(Q)scripts/deps matrix
	$(Q)$(PYTHON) scripts/matrix --build $(BUILD) $(ROWS)

# What this machine has of what the programs need: a line of JSON.
platform-facts:
	$(Q)scripts/deps build demo
	$(Q)$(PYTHON) scripts/platform-facts
