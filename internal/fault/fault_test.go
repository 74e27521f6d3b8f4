package fault

import (
	"errors"
	"fmt"
	"testing"
)

var errShort = New(Conflict, "stock.short")

func TestIsLooksThroughArgumentsAndWrapping(t *testing.T) {
	err := fmt.Errorf("place: %w", errShort.With(3))
	if !errors.Is(err, errShort) || Of(err).Args[0] != 3 {
		t.Errorf("Of = %v", Of(err))
	}
	if errors.Is(err, New(Conflict, "stock.other")) || errors.Is(errors.New("x"), errShort) {
		t.Error("another fault was taken for stock.short")
	}
	if Of(errors.New("x")) != nil || Of(nil) != nil {
		t.Error("a surprise is no fault")
	}
}

func TestFieldsReportsAllOfThem(t *testing.T) {
	var f Fields
	f.Check(true, "name", "form.required")
	if f.Err() != nil {
		t.Fatal("nothing is wrong yet")
	}
	f.Check(false, "name", "form.required")
	f.Check(false, "name", "form.too_long", 60)
	f.Add("phone", New(Invalid, "phone.short"))
	var sub Fields
	sub.Check(false, "quantity", "form.positive")
	f.Add("wants.0", sub.Err())
	e := Of(f.Err())
	for field, key := range map[string]string{"name": "form.required", "phone": "phone.short", "wants.0.quantity": "form.positive"} {
		if e.Field(field) == nil || e.Field(field).Key != key {
			t.Errorf("field %s = %v, want %s", field, e.Field(field), key)
		}
	}
	var none *Error
	if none.Field("x") != nil || none.HasKind(Invalid) {
		t.Error("a nil fault has nothing")
	}
}
