package booking_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/booking"
	"lapak/internal/carrier"
	"lapak/internal/parcel"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// BenchmarkMessages takes in carriers' messages, each of which moves a parcel,
// for many parcels of several shops at once.
func BenchmarkMessages(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			db := open(b)
			h := newHouse(b, db, false)
			const shops, each = 8, 12
			type stream struct {
				s             *shop
				token, secret string
				p             parcel.Parcel
				ref           string
			}
			var list []stream
			for i := range shops {
				s := h.carried(b, fmt.Sprintf("Toko %d", i))
				token, secret := s.door(b)
				for range each {
					p := s.booked(b)
					list = append(list, stream{s, token, secret, p, s.last(b, p).Ref})
				}
			}
			start := h.now.Add(-1000 * time.Hour)
			var n atomic.Int64
			b.ResetTimer()
			var all sync.WaitGroup
			for w := range 32 {
				all.Go(func() {
					for round := 0; ; round++ {
						for i := w; i < len(list); i += 32 {
							if n.Add(1) > int64(b.N) {
								return
							}
							l := list[i]
							note := []string{"DEPARTED FROM [BANDUNG]", "RECEIVED AT SORTING CENTER [CICALENGKA]"}[round%2]
							body := fmt.Sprintf(`{"event":"order.status","order_id":%q,"status":"dropping_off","note":%q,"courier_waybill_id":%q,"courier_company":"jne","updated_at":%q}`,
								l.ref, note, l.p.Waybill, start.Add(time.Duration(round)*time.Second).Format(time.RFC3339))
							if err := l.s.booking.Take(b.Context(), "biteship", l.token, http.Header{booking.HookHeader: {l.secret}}, []byte(body)); err != nil {
								b.Error(err)
								return
							}
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Minutes(), "events/min")
			if got := list[0].s.get(b, list[0].p); b.N > 2*len(list) && got.Status != carrier.InTransit && got.Status != carrier.AtHub {
				b.Errorf("the parcel is %s", got.Status)
			}
		})
	}
}
