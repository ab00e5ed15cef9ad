# The model of several bridges (tests/model), searched whole with all rules of
# the design, and once without each of them; takes minutes. MODEL_ARGS='LEASE
# --trails DIR' and the like go to check.py. `make test` has a small part of it.

.PHONY: model

model:
	$(Q)scripts/deps model
	$(Q)$(PYTHON) tests/model/check.py $(MODEL_ARGS)
