# The docker-compose stack. `make up` starts it, with DEMO=1 for a device that
# joins, with HTTP=1 for decisions over HTTP, with SECURE=1 for TLS and SCRAM
# everywhere, with BROKER=eclipse on Eclipse's image of Mosquitto, with BRIDGES=2
# for a second bridge that stands by, with CELLS=2 for a second cell. `make down`
# removes all of it again, including the volumes.

COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && \
             echo docker compose || echo docker-compose)
STACK = $(COMPOSE) -p ztp-bridge -f compose/docker-compose.yml \
        $(if $(SECURE),-f compose/docker-compose.secure.yml) \
        $(if $(filter 2,$(BRIDGES)),-f compose/docker-compose.standby.yml \
          $(if $(SECURE),-f compose/docker-compose.standby-secure.yml)) \
        $(if $(filter 2,$(CELLS)),-f compose/docker-compose.cells.yml) \
        $(if $(filter eclipse,$(BROKER)),-f compose/docker-compose.eclipse.yml)

.PHONY: up down compose-test
up:
	$(if $(filter 2,$(CELLS)),$(if $(filter 2,$(BRIDGES))$(SECURE),$(error \
		CELLS=2 goes with neither BRIDGES=2 nor SECURE=1)))
	$(Q)compose/make-secrets
	$(Q)$(STACK) $(if $(DEMO),--profile demo) $(if $(HTTP),--profile http) up -d --build

down:
	$(Q)compose/make-secrets
	$(Q)$(STACK) --profile demo --profile http down --volumes --remove-orphans

# Uses the Docker engine that runs here, or else starts its own. That takes
# minutes the first time, because it pulls no image and builds them all.
compose-test:
	$(Q)scripts/deps demo kafka test compose
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/compose
