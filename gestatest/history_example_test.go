package gestatest_test

import (
	"context"
	"fmt"

	"github.com/gestadb/gesta/gestatest"
	"github.com/gestadb/gesta/store"
	"github.com/gestadb/gesta/store/memory"
)

// recordedYears returns a store as a program leaves it that has changed now and then.
func recordedYears() store.Store {
	s := memory.New(memory.Options{})
	s.Append(context.Background(), store.Commit{Events: []store.Event{
		{Type: "course.opened", Data: []byte(`{"Course":"go","Seats":3}`)},
		{Type: "course.opened", Data: []byte(`{"Course":"c","Seats":2}`)},
		{Type: "course.closed", Data: []byte(`{"Course":"go"}`)},
	}})
	return s
}

// Any store is a Reader, and so is a part of one.
func ExampleReader() {
	var from gestatest.Reader = recordedYears()
	fmt.Println(gestatest.History(t, Types, from).Events)
	// Output:
	// 3
}

func ExampleHistoryReport() {
	report := gestatest.History(t, Types, recordedYears())
	fmt.Println(report.Events, "events,", report.System, "of gesta itself,", len(report.Kinds), "kinds,", len(report.Problems), "problems")
	// Output:
	// 3 events, 0 of gesta itself, 2 kinds, 0 problems
}

func ExampleHistoryReport_Broken() {
	fmt.Println(gestatest.History(t, Types, recordedYears()).Broken())
	// Output:
	// 0
}

func ExampleHistoryReport_String() {
	fmt.Println(gestatest.History(t, Types, recordedYears()))
	// Output:
	// 0 of 3 events cannot be read
	//
	// EVENTS  TYPE           VERSION  BROKEN
	// 1       course.closed  1        0
	// 2       course.opened  1        0
}

func ExampleHistoryKind() {
	for _, k := range gestatest.History(t, Types, recordedYears()).Kinds {
		fmt.Println(k.Type, k.Version, k.Events)
	}
	// Output:
	// course.closed 1 1
	// course.opened 1 2
}

// quiet is a test that fails without a word.
type quiet struct{ printer }

func (quiet) Errorf(string, ...any) {}

func ExampleHistoryProblem() {
	s := recordedYears()
	s.Append(context.Background(), store.Commit{Events: []store.Event{{Type: "course.moved"}}})

	report := gestatest.History(quiet{}, Types, s) // which fails, too
	for _, p := range report.Problems {
		fmt.Println(p.Events, p.Type, "from", p.First, "on:", p.Reason)
	}
	// Output:
	// 1 course.moved from 4 on: unknown type: it is in no Types, and nothing renames or upcasts it
}
