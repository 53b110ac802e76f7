# SPDX-License-Identifier: MIT
# The documentation is held to what it describes.

UNIT_TESTS += $(addprefix tests/docs/,tutorial.py man.py install.sh)
VM_TESTS += tests/docs/tutorial_vm.sh
