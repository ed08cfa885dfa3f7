#!/usr/bin/env bash
# Fuzzes each Fuzz function of the packages for a time, one after the other; stops at the first that fails.
#
#     scripts/fuzz.sh TIME [PACKAGE...]
#
# A failing input is written by go into testdata/fuzz of the package: commit it under a name that says what it is.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:?usage: scripts/fuzz.sh TIME [PACKAGE...]}
shift
[ $# -gt 0 ] || set -- ./...

# go prints the names of a package's functions, then a line with the package.
targets=$(go test -list '^Fuzz' "$@" | awk '
	/^Fuzz/ { names[n++] = $1 }
	/^ok/   { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }')
if [ -z "$targets" ]; then
	echo "fuzz: no Fuzz function in $*" >&2
	exit 1
fi

out=$(mktemp)
trap 'rm -f "$out"' EXIT

# late tells whether a run failed at nothing but its own end: before Go 1.27 the end of -fuzztime can be taken for a failure
# of the function (golang/go#75804). There is no failing input then, and no message but the deadline's.
late() {
	! grep -q 'Failing input written' "$out" &&
		[ "$(grep -A 1 -- "^--- FAIL: $1 " "$out" | tail -n 1)" = "    context deadline exceeded" ] &&
		[ "$(grep -c '^    ' "$out")" -eq 1 ]
}

while read -r package name; do
	for try in 1 2 3; do
		echo "== fuzz $package $name"
		if go test "$package" -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x </dev/null 2>&1 | tee "$out"; then
			break
		fi
		if ! late "$name" || [ "$try" -eq 3 ]; then
			exit 1
		fi
		echo "== the end of the time was taken for a failure; once more"
	done
done <<<"$targets"
