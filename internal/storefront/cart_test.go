package storefront

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lapak/internal/id"
)

var cartKey = []byte("0123456789abcdef0123456789abcdef")

func TestCartSurvivesTheCookie(t *testing.T) {
	shop, a, b := id.New(), id.New(), id.New()
	var c Cart
	c.Add(a, 2)
	c.Add(b, 300)
	c.Add(a, 1)
	got := DecodeCart(cartKey, shop, EncodeCart(cartKey, shop, c))
	if diff := cmp.Diff(Cart{Lines: []CartLine{{a, 3}, {b, 300}}}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(DecodeCart(cartKey, id.New(), EncodeCart(cartKey, shop, c)).Lines); n != 0 {
		t.Errorf("another shop reads %d lines, want none", n)
	}
	if n := len(DecodeCart([]byte("another key"), shop, EncodeCart(cartKey, shop, c)).Lines); n != 0 {
		t.Errorf("another key reads %d lines, want none", n)
	}
}

func TestCartIsBounded(t *testing.T) {
	var c Cart
	for range MaxLines {
		if !c.Add(id.New(), 1) {
			t.Fatal("a cart with room took nothing")
		}
	}
	if c.Add(id.New(), 1) {
		t.Error("a full cart took another variant")
	}
	first := c.Lines[0].Variant
	c.Put(first, MaxQuantity+5)
	if got := c.Quantity(first); got != MaxQuantity {
		t.Errorf("Quantity = %d, want %d", got, MaxQuantity)
	}
	c.Put(first, 0)
	if got := len(c.Lines); got != MaxLines-1 {
		t.Errorf("after taking one out: %d lines, want %d", got, MaxLines-1)
	}
	if n := len(EncodeCart(cartKey, first, c)); n > 1200 {
		t.Errorf("a full cart is %d bytes, too long for a cookie", n)
	}
}

func FuzzDecodeCart(f *testing.F) {
	shop := id.New()
	f.Add(EncodeCart(cartKey, shop, Cart{Lines: []CartLine{{id.New(), 3}}}))
	f.Add("")
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, s string) {
		check := func(c Cart) {
			if len(c.Lines) > MaxLines {
				t.Fatalf("%d lines", len(c.Lines))
			}
			for _, l := range c.Lines {
				if l.Quantity < 1 || l.Quantity > MaxQuantity {
					t.Fatalf("quantity %d", l.Quantity)
				}
			}
		}
		check(DecodeCart(cartKey, shop, s))
		// The same bytes under a right signature reach the reader behind it.
		b := append([]byte{cartVersion}, s...)
		check(DecodeCart(cartKey, shop, base64.RawURLEncoding.EncodeToString(append(b, cartSum(cartKey, shop, b)...))))
	})
}
