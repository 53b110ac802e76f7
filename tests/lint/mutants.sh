#!/bin/bash
# SPDX-License-Identifier: MIT
# The lines that mutants change are there: make test-mutants plants them.
. "${0%/*}/lib.sh"

tests/mutants/run --check || faults=1
finish
