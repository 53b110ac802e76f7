# SPDX-License-Identifier: MIT
# Shared by the lints: each prints what is wrong, one line each, and ends with finish.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
faults=0

# files PATTERN...: the project's files (git's, without what is deleted) of these patterns.
files() {
	git ls-files -- "$@" | while read -r file; do
		if [ -f "$file" ]; then echo "$file"; fi
	done
}

# fault MESSAGE...: one thing that is wrong.
fault() {
	printf '%s\n' "$*"
	faults=$((faults + 1))
}

finish() {
	[ "$faults" = 0 ] || exit 1
}

skip() {
	printf '%s\n' "$*"
	exit 77
}
