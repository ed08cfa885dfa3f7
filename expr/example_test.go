package expr_test

import (
	"errors"
	"fmt"

	"github.com/gestadb/gesta/expr"
)

func Example() {
	overpaid, err := expr.Parse(`state.due < 0 && event.type != "OrderRefunded"`, "state", "event")
	if err != nil {
		fmt.Println(err)
		return
	}
	state := []byte(`{"total": 40, "due": -1.50}`)
	event := []byte(`{"type": "PaymentTaken", "data": {"amount": 41.5}}`)

	var values [][]byte
	for _, ref := range overpaid.Refs() {
		fmt.Println("reads", ref)
		doc := state
		if ref.Root == "event" {
			doc = event
		}
		values = append(values, expr.At(doc, ref.Path))
	}
	fmt.Println(overpaid.Eval(values).Truth())
	// Output:
	// reads state.due
	// reads event.type
	// true
}

func ExampleParse_error() {
	_, err := expr.Parse(`stat.due < 0`, "state", "before", "event")
	fmt.Println(err)

	if wrong := (*expr.SyntaxError)(nil); errors.As(err, &wrong) {
		fmt.Println(wrong.Offset, wrong.Nearest)
	}
	// Output:
	// gesta: invalid: expression at byte 0: found "stat", expected a path that begins with state, before or event; did you mean "state"?
	// 0 state
}

func ExampleExpr_String() {
	e, err := expr.Parse(`(state.a+1)*2>=state["odd name"]||(false)`, "state")
	fmt.Println(e, err)
	// Output:
	// (state.a + 1) * 2 >= state["odd name"] || false <nil>
}

func ExampleValue_AppendJSON() {
	e, err := expr.Parse(`state.price * state.count`, "state")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", e.Eval([][]byte{[]byte("0.10"), []byte("3")}).AppendJSON(nil))
	// Output:
	// 0.3
}
