#!/usr/bin/env bash
# Compares the benchmarks of the working tree with those of another commit.
#
#     PKG=./... BENCH=. COUNT=6 scripts/bench-compare.sh REF
#
# Samples of the two are taken in turns, so that a machine that grows slow or fast treats both alike. The samples stay in
# bench-ref.txt and bench-tree.txt. PKG is one or more package patterns, which each side resolves for itself.
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD
pkg=${PKG:-./...} bench=${BENCH:-.} count=${COUNT:-6}

ref=${1:?usage: scripts/bench-compare.sh REF}
commit=$(git rev-parse --verify --quiet "$ref^{commit}") || {
	echo "bench-compare: $ref is no commit here" >&2
	exit 2
}

dir=$(mktemp -d)
trap 'git worktree remove --force "$dir/ref" 2>/dev/null || true; rm -rf "$dir"' EXIT
git worktree add --quiet --detach "$dir/ref" "$commit"

# sample TREE FILE: one sample of every benchmark in a tree, added to a file.
sample() {
	# shellcheck disable=SC2086 # one word a pattern
	if ! (cd "$1" && go test $pkg -run '^$' -bench "$bench" -benchmem -count 1) >"$dir/sample"; then
		cat "$dir/sample" >&2
		echo "bench-compare: the benchmarks of $1 failed" >&2
		exit 1
	fi
	cat "$dir/sample" >>"$2"
}

: >bench-ref.txt
: >bench-tree.txt
for i in $(seq "$count"); do
	echo "== sample $i of $count"
	sample "$dir/ref" "$top/bench-ref.txt"
	sample "$top" "$top/bench-tree.txt"
done
for file in bench-ref.txt bench-tree.txt; do
	if ! grep -q '^Benchmark' "$file"; then
		echo "bench-compare: no benchmark matches $bench in $file" >&2
		exit 1
	fi
done
go tool -modfile=internal/tools/go.mod benchstat ref=bench-ref.txt tree=bench-tree.txt
