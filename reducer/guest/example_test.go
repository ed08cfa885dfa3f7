package guest_test

import (
	"encoding/json"

	"github.com/gestadb/gesta/reducer/guest"
)

// Cart is a state.
type Cart struct {
	Items map[string]int `json:"items"`
}

// A program that folds carts has this init, and an empty main.
func ExampleFold() {
	guest.Fold(func() Cart { return Cart{Items: map[string]int{}} }, func(c Cart, e guest.Event) (Cart, error) {
		if e.Type != "ItemAdded" {
			return c, guest.ErrSkip
		}
		var added struct {
			SKU string
			Qty int
		}
		if err := json.Unmarshal(e.Data, &added); err != nil {
			return c, err
		}
		c.Items[added.SKU] += added.Qty
		return c, nil
	})
	// Output:
}
