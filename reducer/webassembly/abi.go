package webassembly

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/gestadb/gesta/store"
)

// The functions of the interface; the package doc says what they do.
const (
	prefix      = "gesta_reducer_"
	fnBegin     = prefix + "1_begin"
	fnBuffer    = prefix + "1_buffer"
	fnApply     = prefix + "1_apply"
	fnState     = prefix + "1_state"
	fnProblem   = prefix + "1_problem"
	fnInit      = "_initialize"
	memoryName  = "memory"
	wasiModule  = "wasi_snapshot_preview1"
	applied     = 1
	skipped     = 0
	moduleMagic = "\x00asm"
)

var signatures = []struct {
	name            string
	params, results []api.ValueType
}{
	{fnBegin, nil, []api.ValueType{api.ValueTypeI32}},
	{fnBuffer, []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}},
	{fnApply, []api.ValueType{api.ValueTypeI32}, []api.ValueType{api.ValueTypeI32}},
	{fnState, nil, []api.ValueType{api.ValueTypeI64}},
	{fnProblem, nil, []api.ValueType{api.ValueTypeI64}},
}

// invalidf makes an error about a module; it is [store.ErrInvalid].
func invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: the reducer %s", store.ErrInvalid, fmt.Sprintf(format, args...))
}

// checkMagic refuses what is no module at all.
func checkMagic(module []byte) error {
	if !bytes.HasPrefix(module, []byte(moduleMagic)) {
		return invalidf("is not a WebAssembly module")
	}
	return nil
}

// checkInterface says what a module lacks of the interface, or asks for beyond it.
func checkInterface(m wazero.CompiledModule) error {
	exports := m.ExportedFunctions()
	for _, want := range signatures {
		f := exports[want.name]
		switch {
		case f == nil:
			return missing(exports, want.name)
		case !slices.Equal(f.ParamTypes(), want.params) || !slices.Equal(f.ResultTypes(), want.results):
			return invalidf("exports %s with other parameters or results than it is called with", want.name)
		}
	}
	if m.ExportedMemories()[memoryName] == nil {
		return invalidf("does not export its memory as %q", memoryName)
	}
	if start := exports[fnInit]; start != nil && len(start.ParamTypes())+len(start.ResultTypes()) > 0 {
		return invalidf("exports %s with parameters or results", fnInit)
	}
	for _, f := range m.ImportedFunctions() {
		if module, name, _ := f.Import(); module != wasiModule {
			return invalidf("imports %s.%s, and there is nothing but %s", module, name, wasiModule)
		}
	}
	for _, memory := range m.ImportedMemories() {
		module, name, _ := memory.Import()
		return invalidf("imports its memory, %s.%s", module, name)
	}
	return nil
}

// missing says why an export may not be there.
func missing(exports map[string]api.FunctionDefinition, name string) error {
	for other := range exports {
		version, ok := strings.CutPrefix(other, prefix)
		if version, _, _ = strings.Cut(version, "_"); ok && version != "1" {
			return invalidf("speaks version %.20q of the interface, and this is version 1: build it again with this version of gesta", version)
		}
	}
	if exports["_start"] != nil {
		return invalidf("is a program that runs once, without %s: in Go it is built with -buildmode=c-shared, as gesta reducer build does", name)
	}
	return invalidf("does not export %s: in Go it has to use the package reducer/guest", name)
}
