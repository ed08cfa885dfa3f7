package gesta_test

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestEveryNameHasAnExample holds this package to a rule, so that its documentation shows how each name is used:
//
//   - Each exported function, type and method has an Example of its own name, as go doc finds it: ExampleDecide, ExampleDecider_Handle. The methods
//     of an interface are shown by the Example of that. Error, Unwrap, Is and String are called by others, and need none.
//   - Each exported field is used in an Example of its struct, or of one of its methods. Embedded ones are types, and shown as such.
//   - Each exported variable and constant is used in some Example: one of its own would be shown nowhere.
//   - Each Example has output, for without it is compiled and not run, and belongs to a name, for otherwise nobody sees it.
//
// Uses are found by name alone: gesta.X for a variable, x.X and X: y for a field.
func TestEveryNameHasAnExample(t *testing.T) {
	sources, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, s := range sources {
		if !strings.HasSuffix(s.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(fset, s.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for _, problem := range missingExamples(t, fset, files) {
		t.Error(problem)
	}
}

// TestMissingExamples keeps the rule honest: each breach is found, and what is allowed is not.
func TestMissingExamples(t *testing.T) {
	const exampleT = "func ExampleT() {\n// Output: x\n}\n"
	tests := []struct {
		name           string
		code, examples string
		want           string // part of the one problem; empty for none
	}{
		{"function", "func New() {}", "func ExampleNew() {\n// Output: x\n}", ""},
		{"function without", "func New() {}", "", "New has no example: write ExampleNew"},
		{"constructor without", "type T int\nfunc New() T { return 0 }", exampleT, "New has no example"},
		{"unexported", "func make() {}\ntype t struct{ A int }\nfunc (t) Do() {}", "", ""},
		{"type without", "type T int", "", "T has no example: write ExampleT"},
		{"suffix", "type T int", "func ExampleT_other() {\n// Output: x\n}", ""},
		{"method", "type T[S any] int\nfunc (*T[S]) Do() {}", exampleT + "func ExampleT_Do() {\n// Output: x\n}", ""},
		{"method without", "type T[S any] int\nfunc (*T[S]) Do() {}", exampleT, "T.Do has no example: write ExampleT_Do"},
		{"methods that need none", "type T int\nfunc (T) String() string { return \"\" }\nfunc (T) Is(error) bool { return true }", exampleT, ""},
		{"interface", "type T interface{ Do() }", exampleT, ""},
		{"field", "type T struct{ A, b int }", "func ExampleT() {\n_ = gesta.T{A: 1}\n// Output: x\n}", ""},
		{"field of a result", "type T struct{ A int }", "func ExampleT() {\nt := f()\n_ = t.A\n// Output: x\n}", ""},
		{"field elsewhere", "type T struct{ A int }\nfunc F() {}", exampleT + "func ExampleF() {\n_ = T{}.A\n// Output: x\n}", "no example of T uses its field A"},
		{"embedded", "type T struct{ error }", exampleT, ""},
		{"variable", "var ErrX, ErrY error\nfunc F() {}", "func ExampleF() {\n_, _ = gesta.ErrX, gesta.ErrY\n// Output: x\n}", ""},
		{"variable without", "var ErrX, ErrY error\nfunc F() {}", "func ExampleF() {\n_ = gesta.ErrX\n// Output: x\n}", "no example uses ErrY"},
		{"constant without", "const Max = 1", "", "no example uses Max"},
		{"not run", "func New() {}", "func ExampleNew() {}", "ExampleNew has no output"},
		{"shown nowhere", "var X error", "func ExampleX() {\n_ = gesta.X\n// Output: x\n}\nfunc Example() {\n_ = gesta.X\n// Output: x\n}", "ExampleX is shown nowhere"},
		{"of the package", "", "func Example() {\n// Output: x\n}", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fset := token.NewFileSet()
			var files []*ast.File
			for name, text := range map[string]string{"a.go": "package gesta\n" + tt.code, "a_test.go": "package gesta_test\n" + tt.examples} {
				file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
				if err != nil {
					t.Fatal(err)
				}
				files = append(files, file)
			}
			got := missingExamples(t, fset, files)
			if ok := len(got) == 0; ok != (tt.want == "") || len(got) > 1 || !strings.Contains(strings.Join(got, "\n"), tt.want) {
				t.Errorf("problems = %q; want %q", got, tt.want)
			}
		})
	}
}

// missingExamples returns what breaks the rule of [TestEveryNameHasAnExample] in the files of a package and its tests, each with its cure.
func missingExamples(t *testing.T, fset *token.FileSet, files []*ast.File) []string {
	t.Helper()
	p, err := doc.NewFromFiles(fset, files, module)
	if err != nil {
		t.Fatal(err)
	}
	r := exampleRule{shown: map[string]bool{}, anywhere: map[string]bool{}}
	r.show(p.Examples)
	r.funcs(p.Funcs)
	for _, typ := range p.Types {
		r.typ(typ)
	}
	for _, typ := range p.Types {
		r.values(slices.Concat(typ.Consts, typ.Vars))
	}
	r.values(slices.Concat(p.Consts, p.Vars))
	r.strays(fset, files)
	return r.problems
}

// exampleRule gathers what the examples show, and what breaks the rule.
type exampleRule struct {
	shown    map[string]bool // names of examples that belong to something
	anywhere map[string]bool // names that an example uses
	problems []string
}

func (r *exampleRule) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

// show notes examples, and returns the names that they use.
func (r *exampleRule) show(examples []*doc.Example) map[string]bool {
	used := map[string]bool{}
	for _, e := range examples {
		r.shown[e.Name] = true
		if e.Output == "" {
			r.fail("Example%s has no output: end it with // Output: and what it prints", e.Name)
		}
		ast.Inspect(e.Code, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				used[n.Sel.Name] = true
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "gesta" {
					r.anywhere[n.Sel.Name] = true
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok {
					used[key.Name] = true
				}
			}
			return true
		})
	}
	return used
}

// funcs looks for the examples of functions.
func (r *exampleRule) funcs(funcs []*doc.Func) {
	for _, f := range funcs {
		if len(f.Examples) == 0 {
			r.fail("%s has no example: write Example%[1]s", f.Name)
		}
		r.show(f.Examples)
	}
}

// typ looks for the examples of a type and of its methods and fields.
func (r *exampleRule) typ(typ *doc.Type) {
	if len(typ.Examples) == 0 {
		r.fail("%s has no example: write Example%[1]s", typ.Name)
	}
	r.funcs(typ.Funcs)
	examples := slices.Clone(typ.Examples)
	for _, m := range typ.Methods {
		if len(m.Examples) == 0 && !slices.Contains([]string{"Error", "Unwrap", "Is", "String"}, m.Name) {
			r.fail("%s.%s has no example: write Example%[1]s_%[2]s", typ.Name, m.Name)
		}
		examples = append(examples, m.Examples...)
	}
	used := r.show(examples)
	for _, spec := range typ.Decl.Specs {
		structure, ok := spec.(*ast.TypeSpec).Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range structure.Fields.List {
			for _, name := range field.Names {
				if name.IsExported() && !used[name.Name] {
					r.fail("no example of %s uses its field %s: let Example%[1]s, or that of a method, do so", typ.Name, name)
				}
			}
		}
	}
}

// values looks for uses of constants and variables. It comes when all examples have been seen.
func (r *exampleRule) values(values []*doc.Value) {
	for _, v := range values {
		for _, name := range v.Names {
			if token.IsExported(name) && !r.anywhere[name] {
				r.fail("no example uses %s: let one do so", name)
			}
		}
	}
}

// strays looks for examples that belong to nothing.
func (r *exampleRule) strays(fset *token.FileSet, files []*ast.File) {
	for _, file := range files {
		if !strings.HasSuffix(fset.File(file.Pos()).Name(), "_test.go") {
			continue
		}
		for _, e := range doc.Examples(file) {
			if !r.shown[e.Name] {
				r.fail("Example%s is shown nowhere: go doc shows those of functions, types and methods", e.Name)
			}
		}
	}
}
