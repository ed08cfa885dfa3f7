package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

func compileJQ(expr string) (*gojq.Code, error) {
	query, err := gojq.Parse(expr)
	if err != nil {
		return nil, misreadJQ(expr, err)
	}
	code, err := gojq.Compile(query, gojq.WithEnvironLoader(func() []string { return nil }))
	if err != nil {
		return nil, usagef("--jq %q: %s", expr, err)
	}
	return code, nil
}

// misreadJQ says where an expression cannot be read.
func misreadJQ(expr string, err error) error {
	place, ok := errors.AsType[*gojq.ParseError](err)
	if !ok || place.Offset > len(expr) {
		return usagef("--jq %q: %s", expr, err)
	}
	before := strings.TrimSuffix(expr[:place.Offset], place.Token)
	if before == expr {
		return usageHint("a jq expression is like .items[].type", "--jq %q ends too early: %s", expr, err)
	}
	return usageHint("a jq expression is like .items[].type", "--jq %q, character %d, before %q: %s",
		expr, utf8.RuneCountInString(before)+1, expr[len(before):], err)
}

// runJQ hands each result of code over a JSON value to yield, one line each without its end: a text as it is, anything
// else as JSON. Numbers that code does not compute with keep their digits.
func runJQ(ctx context.Context, code *gojq.Code, doc []byte, yield func([]byte) error) error {
	decoder := json.NewDecoder(bytes.NewReader(doc))
	decoder.UseNumber()
	var input any
	if err := decoder.Decode(&input); err != nil {
		return fmt.Errorf("read document for --jq: %w", err)
	}
	results := code.RunWithContext(ctx, input)
	for {
		v, ok := results.Next()
		if !ok {
			return nil
		}
		if err, isErr := v.(error); isErr {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if halt, ok := err.(*gojq.HaltError); ok && halt.Value() == nil { //nolint:errorlint // gojq yields it unwrapped
				return nil
			}
			return usageHint("leave --jq out to see what it is given", "--jq: %s, of %s", err, oneLine(doc, jqShown))
		}
		line, err := formatJQ(v)
		if err != nil {
			return err
		}
		if err := yield(line); err != nil {
			return err
		}
	}
}

// jqShown is how much of a document an error of --jq shows, in characters.
const jqShown = 60

func formatJQ(v any) ([]byte, error) {
	if s, ok := v.(string); ok {
		return []byte(s), nil
	}
	line, err := gojq.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("print result of --jq: %w", err)
	}
	return line, nil
}
