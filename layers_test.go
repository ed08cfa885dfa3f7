package gesta_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gestadb/gesta"

// layers lists every package of the module from the ground up, by its directory; "." is the root. A package imports only
// packages of layers strictly below its own: adapters do not know each other, and what two of them share lies below both.
var layers = []struct {
	name     string
	packages []string
}{
	{"ground: knows no events", []string{"store/disk/vfs", "internal/script", "internal/console", "internal/decimal"}},
	{"what the disk allows, events or not", []string{"internal/rawlimit"}},
	{"0: contract", []string{"store"}},
	{"1: commits on their way into a store", []string{"internal/flight"}},
	{"1: the disk engine's index, and a disk for tests", []string{"store/disk/internal/index", "store/disk/vfs/simfs"}},
	{"1: the disk engine's log, whose places the index names", []string{"store/disk/internal/segment"}},
	{"1: backends, suite, forms, folds", []string{"cache", "store/disk", "store/memory", "store/storetest", "store/eventjson", "reducer"}},
	{"1: where the code of a fold runs", []string{"reducer/sandbox"}},
	{"2: rules and expressions over states", []string{"expr", "reducer/javascript", "reducer/webassembly"}},
	{"2: what a user writes and asks", []string{".", "history"}},
	{"3: around what a user writes", []string{"projection", "reducer/guest", "codec/json2", "codec/cbor", "codec/protobuf", "history/answers"}},
	{"3: read models in a database, and tests of what a user writes", []string{"projection/sqldb", "gestatest"}},
	{"3: protocols, and who may do what", []string{"httpapi", "server/umadb", "server/auth", "server/auth/authtest"}},
	{"4: wiring", []string{"store/open", "server"}},
	{"5: parts of the command line", []string{"cmd/gesta/internal/source", "cmd/gesta/internal/tui"}},
	{"5: command line", []string{"cmd/gesta"}},
	{"above all: programs of users", []string{"examples/bank", "examples/courses", "examples/shop", "examples/tutorial"}},
	{"above all: what tests of compatibility need of others", []string{"test/compat/rig"}},
	{"above all: programs that work on the source, and tests of the programs", []string{"internal/mutants", "test/oracle", "test/stories", "test/compat/umadb", "test/compat/openapi", "test/load"}},
}

// stdlibOnly lists the packages that cost whoever imports them nothing: they import the standard library, and of this
// module what is listed here too.
var stdlibOnly = []string{".", "store", "store/disk/vfs", "internal/script", "internal/console", "internal/decimal"}

// equipment lists the packages that exist for tests, each with the packages that may import it in code which is no test.
var equipment = map[string][]string{
	"store/storetest":      nil,
	"store/disk/vfs/simfs": nil,
	"internal/script":      {"store/storetest"},
	"internal/console":     nil,
	"test/compat/rig":      nil,
	"server/auth/authtest": nil,
}

// TestLayers reads the import clauses of the whole module, under any build tag and for any system. What _test.go files
// import is their own affair, but for import cycles, which the compiler refuses.
func TestLayers(t *testing.T) {
	packages := imports(t, os.DirFS("."))
	if _, ok := packages["store"]; !ok {
		t.Fatal("no package store found: is this the root of the module?")
	}
	for _, problem := range violations(packages) {
		t.Error(problem)
	}
}

// TestViolations keeps the rules honest: each breach is found, and what is allowed is not.
func TestViolations(t *testing.T) {
	const wire = "google.golang.org/grpc"
	tests := []struct {
		name     string
		packages map[string][]string
		want     string // part of the one problem; empty for none
	}{
		{"down", map[string][]string{"store/disk": {"fmt", module + "/store", wire}}, ""},
		{"the suite runs conversations", map[string][]string{"store/storetest": {module + "/internal/script"}}, ""},
		{"sideways", map[string][]string{"store/disk": {module + "/store/memory"}}, "which is not below it"},
		{"up", map[string][]string{"history": {module + "/store/open"}}, "which is not below it"},
		{"itself", map[string][]string{"history": {module + "/history"}}, "which is not below it"},
		{"unplaced", map[string][]string{"store/tape": {module + "/store"}}, "store/tape stands in no layer"},
		{"third party in the contract", map[string][]string{"store": {"io", wire}}, "store imports " + wire},
		{"third party by a detour", map[string][]string{".": {module + "/reducer"}}, "use the standard library alone"},
		{"equipment", map[string][]string{"cmd/gesta": {module + "/store/storetest"}}, "which is for tests"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := violations(tt.packages)
			if ok := len(got) == 0; ok != (tt.want == "") || len(got) > 1 || !strings.Contains(strings.Join(got, "\n"), tt.want) {
				t.Errorf("violations = %q; want %q", got, tt.want)
			}
		})
	}
}

func TestEachPackageStandsInOneLayer(t *testing.T) {
	seen := map[string]string{}
	for _, l := range layers {
		for _, p := range l.packages {
			if first, twice := seen[p]; twice {
				t.Errorf("%s stands in %q and in %q: strike one", p, first, l.name)
			}
			seen[p] = l.name
		}
	}
}

// violations holds packages, with what each imports, against the table. Each answer says what is wrong and how to cure it.
func violations(packages map[string][]string) []string {
	height := map[string]int{}
	for i, l := range layers {
		for _, p := range l.packages {
			height[p] = i
		}
	}
	var problems []string
	for _, p := range slices.Sorted(maps.Keys(packages)) {
		if _, ok := height[p]; !ok {
			problems = append(problems, p+" stands in no layer: add it to the table in layers_test.go, right above what it imports")
			continue
		}
		for _, imp := range packages[p] {
			if problem := breach(p, imp, height); problem != "" {
				problems = append(problems, problem)
			}
		}
	}
	return problems
}

// breach says what is wrong with package p importing imp, or nothing.
func breach(p, imp string, height map[string]int) string {
	frugal := slices.Contains(stdlibOnly, p)
	own, inModule := strings.CutPrefix(imp+"/", module+"/")
	own = path.Clean(own)
	switch first, _, _ := strings.Cut(imp, "/"); {
	case !inModule && (!frugal || !strings.Contains(first, ".")):
		return ""
	case !inModule:
		return fmt.Sprintf("%s imports %s: it may use the standard library alone; move what needs the import into a package of its own", p, imp)
	}
	if importers, ok := equipment[own]; ok && !slices.Contains(importers, p) {
		return fmt.Sprintf("%s imports %s, which is for tests: import it in a _test.go file", p, own)
	}
	if h, hi := height[p], height[own]; hi >= h {
		return fmt.Sprintf("%s (layer %q) imports %s (layer %q), which is not below it: take an interface in the words of a lower layer, "+
			"or move what both need below both", p, layers[h].name, own, layers[hi].name)
	}
	if frugal && !slices.Contains(stdlibOnly, own) {
		return fmt.Sprintf("%s imports %s: it may use the standard library alone, also by a detour; "+
			"list %s in stdlibOnly if that holds for it", p, own, own)
	}
	return ""
}

// imports returns the packages in a tree by their directories, each with what its files that are no tests import,
// sorted. Nested modules, testdata, and directories that go skips are left out, and so are directories with tests alone.
func imports(t *testing.T, tree fs.FS) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			_, err := fs.Stat(tree, path.Join(name, "go.mod"))
			if name != "." && (err == nil || base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(base) != ".go" || strings.HasSuffix(base, "_test.go") || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := path.Dir(name)
		found := packages[dir]
		for _, spec := range file.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			found = append(found, imp)
		}
		slices.Sort(found)
		packages[dir] = slices.Compact(found)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}
