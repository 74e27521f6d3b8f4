package job_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// Jobs per second while one business has thousands of them waiting.
func BenchmarkBacklog(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, backlog := range []int{0, 20_000} {
			b.Run(fmt.Sprintf("%s/%d", engine, backlog), func(b *testing.B) {
				db := open(b)
				fill := func(n int, sc func(int) authz.Scope) {
					for done := 0; done < n; done += 1000 {
						if err := db.Tx(b.Context(), authz.Job(id.ID{}), func(tx *store.Tx) error {
							for i := done; i < min(n, done+1000); i++ {
								if err := job.Put(b.Context(), tx, sc(i), ring{i}); err != nil {
									return err
								}
							}
							return nil
						}); err != nil {
							b.Fatal(err)
						}
					}
				}
				hog := authz.Job(id.New())
				fill(backlog, func(int) authz.Scope { return hog })
				fill(b.N, func(int) authz.Scope { return authz.Job(id.New()) })
				r := runner(db, 8)
				var small atomic.Int64
				all := make(chan struct{})
				job.Handle(r, func(_ context.Context, sc authz.Scope, _ ring) error {
					if sc.Business != hog.Business && small.Add(1) == int64(b.N) {
						close(all)
					}
					return nil
				})
				b.ResetTimer()
				if err := r.Start(b.Context()); err != nil {
					b.Fatal(err)
				}
				<-all
				b.StopTimer()
				if err := r.Stop(b.Context()); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
