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
	$(Q)FRESH='$(FRESH)' KEEP='$(KEEP)' MIRROR='$(MIRROR)' scripts/on \
		'$(RELEASE)' '$(ARCH)' '$(BUILD)/on/$(RELEASE)-$(ARCH)' $(TARGET) \
		$(foreach name,$(ON_PASSED),$(if $(filter command environment,$(origin $(name))),'$(name)=$($(name))'))
