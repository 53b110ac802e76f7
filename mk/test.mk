# SPDX-License-Identifier: MIT
# The tests. A build.mk adds host programs to UNIT_TESTS (tests/emu/ and tests/qtest/ form tiers
# of their own by their path) and what is to run in the VM to GUEST_TESTS.

export UNIT_TESTS GUEST_TESTS
export QTEST_QEMU_BINARY = $(CURDIR)/build/qemu-system-x86_64

.PHONY: test check lint
test: deps ## every tier of tests
	@$(MAKE) --no-print-directory -s all vm
	@tests/run unit emu qtest guest lint

check: deps ## the tests that need no VM
	@$(MAKE) --no-print-directory -s all
	@tests/run unit emu lint

lint: deps ## style, layering, licences, spelling
	@tests/run lint

.PHONY: format
format: ## lay out all C sources as .clang-format says
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format-14 -i
