# The docker-compose stack. `make up`, with DEMO=1 for a device that joins, with
# SECURE=1 for TLS and SCRAM everywhere; `make down` takes all of it away again,
# volumes included.

COMPOSE ?= $(shell docker compose version >/dev/null 2>&1 && \
             echo docker compose || echo docker-compose)
STACK = $(COMPOSE) -p ztp-bridge -f compose/docker-compose.yml \
        $(if $(SECURE),-f compose/docker-compose.secure.yml)

.PHONY: up down compose-test
up:
	$(Q)compose/make-secrets
	$(Q)$(STACK) $(if $(DEMO),--profile demo) up -d --build

down:
	$(Q)compose/make-secrets
	$(Q)$(STACK) --profile demo down --volumes --remove-orphans

# In the Docker engine that runs here, else in one of its own, which takes
# minutes for the first time: no image is pulled then, all are built.
compose-test:
	$(Q)scripts/deps demo kafka test compose
	$(Q)scripts/kafka-fetch >/dev/null
	$(Q)$(RUN_ENV) $(PYTEST) $(PYTEST_ARGS) tests/compose
