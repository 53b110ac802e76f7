# SPDX-License-Identifier: MIT
# The documentation is held to what it describes.

UNIT_TESTS += tests/docs/tutorial.py tests/docs/man.py
VM_TESTS += tests/docs/tutorial_vm.sh
