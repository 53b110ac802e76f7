# SPDX-License-Identifier: MIT
# Not part of `make test`: it takes some ten minutes.

.PHONY: test-mutants
test-mutants: deps ## plant faults one at a time; a named test must catch each: MUTANTS='driver'
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm
	@tests/mutants/run $(MUTANTS)
