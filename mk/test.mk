# SPDX-License-Identifier: MIT
# The tests. A build.mk adds host programs to UNIT_TESTS (those in tests/emu/ and tests/qtest/
# form tiers of their own), what is to run in the VM to GUEST_TESTS, and what boots VMs itself to
# VM_TESTS. On the debug kernel run DEBUG_TESTS: the driver's KUnit suites, for one boot and one look
# for leaks serves both, and of the guest tests those that between them create, bind, submit, ring,
# fault, get killed and unload; `make soak` runs all.

VM_TESTS += tests/guest/launcher.sh tests/guest/refusals.sh
# Whole models and trainings of hundreds of steps: too long for `make check` and under a sanitiser.
LONG_TESTS = $(B)/tests/emu/model/% $(addprefix $(B)/tests/emu/train/,test_lm test_lm_text test_lm_gguf)
# QEMU is not built with a sanitiser.
SAN_TESTS = $(patsubst $(B)/%,build/san/%,$(filter-out $(B)/tests/qtest/% $(LONG_TESTS), \
	$(filter $(B)/%,$(UNIT_TESTS))))
KUNIT_TESTS := tests/kunit/run
DEBUG_TESTS := $(KUNIT_TESTS) $(addprefix $(B)/tests/guest/,abi_vm abi_exec abi_fault abi_unbind \
	abi_userq_run libaccel/test_launch libaccel/test_user_queue)
# Of `make fuzz`.
FUZZ_SECONDS ?= 1800
FUZZ_IOCTLS ?= 5000000
export FUZZ_TESTS UNIT_TESTS GUEST_TESTS VM_TESTS SAN_TESTS KUNIT_TESTS DEBUG_TESTS
export QTEST_QEMU_BINARY = $(CURDIR)/build/qemu-system-x86_64

.PHONY: test check lint
test: deps ## every tier of tests, the host's also sanitised
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm debug
	@$(MAKE) --no-print-directory -s -j$$(nproc) SAN=1 all
	@$(MAKE) --no-print-directory -s -j$$(nproc) FUZZ=1 fuzzers
	@mk/fetch_model.py '$(MODEL)' >/dev/null
	-@mk/venv.sh >/dev/null
	-@mk/peer.sh --version >/dev/null
	@tests/run unit emu san qtest guest debug vm fuzz lint

check: deps ## the tests that need neither a VM nor a model, nor long
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@UNIT_TESTS='$(filter-out $(LONG_TESTS),$(UNIT_TESTS))' tests/run unit emu lint

lint: deps ## style, layering, licences, spelling
	@tests/run lint

ROUNDS ?= 20
soak: deps ## a whole training, all guest tests on the debug kernel, cards that come and go, then over and over: ROUNDS=20
	@$(MAKE) --no-print-directory -s -j$$(nproc) all vm debug
	@mk/fetch_model.py '$(MODEL)' >/dev/null
	@tests/emu/train/accuracy.sh
	@$(MAKE) --no-print-directory -s fuzz
	@DEBUG_TESTS='$(KUNIT_TESTS) $(GUEST_TESTS)' tests/run debug
	@AXON_ROUNDS=100 tests/guest/hotplug.py
	@set -e; for round in $$(seq $(ROUNDS)); do echo "== round $$round of $(ROUNDS)"; tests/run guest; done

fuzz: deps ## the fuzzers, long: FUZZ_SECONDS=1800 for each file reader; FUZZ_IOCTLS=5000000
	@$(MAKE) --no-print-directory -s -j$$(nproc) all debug
	@$(MAKE) --no-print-directory -s -j$$(nproc) FUZZ=1 fuzzers
	@set -e; for x in $(FUZZ_TESTS); do tests/fuzz/run --soak $(FUZZ_SECONDS) $$x; done
	@tools/vm --kernel debug --timeout $$(($(FUZZ_IOCTLS) / 50 + 600)) -- \
		build/tests/guest/ioctl_fuzz $(FUZZ_IOCTLS)

.PHONY: soak fuzz format
format: ## lay out all C sources as .clang-format says
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format-14 -i
