package storefront

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"

	"lapak/internal/id"
)

// MaxLines is how many different variants a cart holds.
const MaxLines = 40

// MaxQuantity is how many of one variant a cart holds.
const MaxQuantity = 9_999

// CartLine is one variant a buyer wants, and how many of it.
type CartLine struct {
	Variant  id.ID
	Quantity int64
}

// Cart is what a buyer has put aside in one shop. It lives in a signed cookie
// on the buyer's phone alone; nothing of it is stored by us.
type Cart struct{ Lines []CartLine }

// Put sets the quantity of a variant; zero or less takes it out. A cart that
// is full takes no further variant, and Put then reports false.
func (c *Cart) Put(variant id.ID, quantity int64) bool {
	quantity = min(quantity, MaxQuantity)
	i := slices.IndexFunc(c.Lines, func(l CartLine) bool { return l.Variant == variant })
	switch {
	case quantity <= 0:
		if i >= 0 {
			c.Lines = slices.Delete(c.Lines, i, i+1)
		}
	case i >= 0:
		c.Lines[i].Quantity = quantity
	case len(c.Lines) >= MaxLines:
		return false
	default:
		c.Lines = append(c.Lines, CartLine{variant, quantity})
	}
	return true
}

// Add puts quantity more of a variant into the cart.
func (c *Cart) Add(variant id.ID, quantity int64) bool {
	return c.Put(variant, c.Quantity(variant)+min(quantity, MaxQuantity))
}

// Quantity is how many of a variant the cart holds.
func (c Cart) Quantity(variant id.ID) int64 {
	for _, l := range c.Lines {
		if l.Variant == variant {
			return l.Quantity
		}
	}
	return 0
}

// Count is how many pieces the cart holds.
func (c Cart) Count() int64 {
	var n int64
	for _, l := range c.Lines {
		n += l.Quantity
	}
	return n
}

const (
	cartVersion = 1
	cartMAC     = 16
)

// EncodeCart writes a cart for the cookie of one business, signed with key.
func EncodeCart(key []byte, business id.ID, c Cart) string {
	b := []byte{cartVersion}
	for _, l := range c.Lines {
		b = append(b, l.Variant[:]...)
		b = binary.AppendUvarint(b, uint64(l.Quantity))
	}
	return base64.RawURLEncoding.EncodeToString(append(b, cartSum(key, business, b)...))
}

// DecodeCart reads what EncodeCart wrote for the same business. Anything else,
// touched by whomever, is an empty cart.
func DecodeCart(key []byte, business id.ID, s string) Cart {
	if len(s) > 4096 {
		return Cart{}
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) < 1+cartMAC || b[0] != cartVersion {
		return Cart{}
	}
	b, sum := b[:len(b)-cartMAC], b[len(b)-cartMAC:]
	if !hmac.Equal(sum, cartSum(key, business, b)) {
		return Cart{}
	}
	var c Cart
	for b = b[1:]; len(b) > 0; {
		var l CartLine
		if len(b) < len(l.Variant)+1 {
			return Cart{}
		}
		b = b[copy(l.Variant[:], b):]
		q, n := binary.Uvarint(b)
		if n <= 0 || q < 1 || q > MaxQuantity || len(c.Lines) >= MaxLines {
			return Cart{}
		}
		l.Quantity, b = int64(q), b[n:]
		c.Lines = append(c.Lines, l)
	}
	return c
}

func cartSum(key []byte, business id.ID, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("cart"))
	h.Write(business[:])
	h.Write(b)
	return h.Sum(nil)[:cartMAC]
}
