package openapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gestadb/gesta/test/compat/rig"
)

// pythonSettings say that the generator need not format what it writes.
const pythonSettings = "post_hooks: []\n"

const typescriptSettings = `{"compilerOptions": {
	"strict": true, "noUncheckedIndexedAccess": true, "target": "ES2022", "module": "NodeNext", "moduleResolution": "NodeNext", "skipLibCheck": true, "types": ["node"]
}, "files": ["billing.ts"]}
`

// generatePython makes a client of a description, and returns the command that bills with it. Streams of lines and frames are what the generator does not know; it must
// understand everything else.
func generatePython(t *testing.T, description []byte) []string {
	t.Helper()
	env, dir := rig.Python(t, "openapi-python", pythonPackages), t.TempDir()
	out := run(t, dir, env.Program("openapi-python-client"), "generate", "--path", put(t, dir, "openapi.json", description),
		"--config", put(t, dir, "settings.yml", []byte(pythonSettings)), "--meta", "none", "--output-path", filepath.Join(dir, "gesta_client"))
	for line := range strings.Lines(out) {
		known := strings.HasPrefix(line, "WARNING parsing GET /v1/export") || strings.HasPrefix(line, "WARNING parsing POST /v1/restore") ||
			strings.HasPrefix(line, "WARNING parsing POST /v1/append within default.\n")
		if strings.HasPrefix(line, "WARNING") && !known || strings.Contains(line, "Unable to") || strings.Contains(line, "removal of") {
			t.Errorf("the generator of Python says:\n%s", out)
			break
		}
	}
	copyHere(t, "billing.py", dir)
	return []string{env.Program("python"), filepath.Join(dir, "billing.py")}
}

// generateTypeScript makes the types of a description, and returns the command that bills with them, once the compiler has found that they fit.
func generateTypeScript(t *testing.T, description []byte) []string {
	t.Helper()
	env, dir := rig.Node(t, "openapi-node", nodePackages), t.TempDir()
	modules := filepath.Join(string(env), "node_modules")
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "node", filepath.Join(modules, "openapi-typescript", "bin", "cli.js"), put(t, dir, "openapi.json", description), "--output", filepath.Join(dir, "schema.d.ts"))
	copyHere(t, "billing.ts", dir)
	put(t, dir, "package.json", []byte(`{"type":"module"}`))
	put(t, dir, "tsconfig.json", []byte(typescriptSettings))
	run(t, dir, "node", filepath.Join(modules, "typescript", "bin", "tsc"), "--project", dir)
	return []string{"node", filepath.Join(dir, "billing.js")}
}
