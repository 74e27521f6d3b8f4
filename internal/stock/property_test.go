package stock

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// Any run of actions keeps stock the sum of its moves, what is reserved the
// sum of holds, and the levels those of a plain model.
func TestAnyRunOfActionsAddsUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		rapid.Check(t, func(r *rapid.T) {
			s := newShop(t, db)
			p := s.product(t, "Apa saja", 10, 4)
			model := map[id.ID]*Level{}
			for i, v := range p.Variants {
				model[v.ID] = &Level{Variant: v.ID, OnHand: []int64{10, 4}[i]}
			}
			pick := func() *Level { return model[p.Variants[rapid.IntRange(0, 1).Draw(r, "variant")].ID] }
			type held map[id.ID]int64
			orders := map[id.ID]held{}
			var open []id.ID
			for range rapid.IntRange(1, 15).Draw(r, "steps") {
				switch action := rapid.SampledFrom([]string{"reserve", "release", "take", "return", "receive", "correct", "rule"}).Draw(r, "action"); action {
				case "reserve":
					order, h, ok := id.New(), held{}, true
					var wants []Want
					for range rapid.IntRange(1, 3).Draw(r, "lines") {
						w := Want{pick().Variant, rapid.Int64Range(1, 6).Draw(r, "quantity")}
						wants, h[w.Variant] = append(wants, w), h[w.Variant]+w.Quantity
					}
					for v, n := range h {
						ok = ok && model[v].Free() >= n
					}
					err := s.reserve(t, order, wants...)
					if ok != (err == nil) || err != nil && !errors.Is(err, ErrShort) {
						r.Fatalf("Reserve(%v) = %v, the model says %v", wants, err, ok)
					}
					if ok {
						orders[order], open = h, append(open, order)
						for v, n := range h {
							model[v].Reserved += n
						}
					}
				case "release", "take":
					if len(open) == 0 {
						continue
					}
					order := rapid.SampledFrom(open).Draw(r, "order") // perhaps one that is over
					for v, n := range orders[order] {
						l := model[v]
						l.Reserved -= n
						if action == "take" {
							l.OnHand = max(0, l.OnHand-n)
						}
					}
					delete(orders, order)
					err := s.tx(t, func(ctx context.Context, tx *store.Tx) error {
						if action == "take" {
							return s.stock.Take(ctx, tx, s.sc, order)
						}
						return s.stock.Release(ctx, tx, s.sc, order)
					})
					if err != nil {
						r.Fatal(err)
					}
				case "return":
					l, n := pick(), rapid.Int64Range(1, 5).Draw(r, "quantity")
					l.OnHand += n
					err := s.tx(t, func(ctx context.Context, tx *store.Tx) error {
						return s.stock.Return(ctx, tx, s.sc, id.New(), []Want{{l.Variant, n}})
					})
					if err != nil {
						r.Fatal(err)
					}
				case "receive":
					l, n := pick(), rapid.Int64Range(1, 9).Draw(r, "quantity")
					l.OnHand += n
					if err := s.stock.Receive(t.Context(), s.sc, Movement{ID: id.New(), Variant: l.Variant, Quantity: n, Reason: Bought}); err != nil {
						r.Fatal(err)
					}
				case "correct":
					l, seen, actual := pick(), rapid.Int64Range(0, 12).Draw(r, "seen"), rapid.Int64Range(0, 12).Draw(r, "actual")
					err := s.stock.Correct(t.Context(), s.sc, Correction{ID: id.New(), Variant: l.Variant, Seen: seen, Actual: actual, Reason: Corrected})
					if ok := l.OnHand+actual-seen >= 0; ok != (err == nil) {
						r.Fatalf("Correct from %d to %d = %v with %v", seen, actual, err, l)
					} else if ok {
						l.OnHand += actual - seen
					}
				case "rule":
					l, n := pick(), rapid.Int64Range(-5, 5).Draw(r, "threshold")
					l.Threshold = n
					if err := s.stock.SetRule(t.Context(), s.sc, Rule{Variant: l.Variant, Threshold: n}); err != nil {
						r.Fatal(err)
					}
				}
				for v, want := range model {
					if got := s.level(t, v); got.String() != want.String() {
						r.Fatalf("level %v, the model says %v", got, want)
					}
				}
			}
			s.sound(t)
		})
	})
}
