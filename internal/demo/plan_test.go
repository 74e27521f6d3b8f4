package demo

import (
	"testing"
	"time"

	"lapak/internal/business"
	"lapak/internal/payment"
	"lapak/internal/phone"
	"lapak/internal/region"
)

// What planned shops write into their rows would pass the forms as well.
func TestPlannedShopsAreValid(t *testing.T) {
	m, err := New(Parts{}, Size{Businesses: 200, Seed: 5}, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.shops {
		s := &m.shops[i]
		if _, err := payment.ParseQRIS(qrisOf(s)); err != nil {
			t.Errorf("QRIS of %s: %v", s.name, err)
		}
		if err := business.CheckSlug(s.slug); err != nil {
			t.Errorf("address %s: %v", s.slug, err)
		}
		if _, ok := region.Get(s.town.Code); !ok || len(s.around) == 0 {
			t.Errorf("%s lies nowhere", s.name)
		}
		if n, err := phone.Parse(m.ownerOf(s).Phone.E164()); err != nil || n != m.ownerOf(s).Phone {
			t.Errorf("phone of %s: %v", s.name, err)
		}
		if len(s.products) < 3 || s.upTo[days] != s.orders {
			t.Errorf("%s has %d products, %d of %d orders", s.name, len(s.products), s.upTo[days], s.orders)
		}
		for _, p := range s.products {
			if p.price < 1000 || p.slug == "" || motifs[p.motif] == nil {
				t.Errorf("%s sells %+v", s.name, p.good)
			}
		}
	}
}
