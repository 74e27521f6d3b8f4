package order_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"lapak/internal/i18n"
	"lapak/internal/order"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// words is a context in Indonesian with the words of orders and, in their
// place, those of payment, whose pages lie above.
func words(t testing.TB) context.Context {
	t.Helper()
	cat, err := i18n.Load(order.Words, os.DirFS("../payment/paymentweb"))
	if err != nil {
		t.Fatal(err)
	}
	return i18n.With(t.Context(), cat, i18n.ID)
}

func TestEveryStateAndReasonHasAWord(t *testing.T) {
	ctx := words(t)
	has := func(format string, v any) {
		if key := fmt.Sprintf("order."+format, v); !i18n.Has(ctx, key) {
			t.Errorf("no word for %s", key)
		}
	}
	for _, s := range order.States {
		has("state_%s", s)
	}
	for _, tab := range order.Tabs {
		has("tab_%s", tab)
	}
	for _, act := range order.Acts() {
		has("act_%s", act)
		has("did_%s", act)
		for _, r := range order.Reasons(act) {
			has("reason_%s", r)
		}
	}
	for _, p := range []order.PayState{order.Unpaid, order.Claimed, order.Part, order.Paid, order.Over, order.Refunded} {
		has("pay_%s", p)
	}
	for _, r := range order.Relations {
		has("relation_%s", r)
	}
	has("reason_%s", order.ReasonExpired)
}

func BenchmarkPlace(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, n := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				s := newShop(b, open(b), 1_000_000)
				left := atomic.Int64{}
				left.Store(int64(b.N))
				var wg sync.WaitGroup
				b.ResetTimer()
				for range n {
					wg.Go(func() {
						for left.Add(-1) >= 0 {
							if _, err := s.orders.Place(b.Context(), s.buyer, s.draft(1)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
			})
		}
	}
}
