package blob

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

func owner() authz.Scope {
	return authz.Scope{Actor: id.New(), Membership: id.New(), Business: id.New(), Role: authz.Owner, Now: time.Now()}
}

func sound(t *testing.T, db *store.DB) {
	t.Helper()
	if broken, err := store.CheckInvariants(t.Context(), db, Invariants); err != nil || len(broken) > 0 {
		t.Errorf("CheckInvariants = %v, %v", broken, err)
	}
}

func TestPhotosAreSweptUnlessAttached(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc, thing := New(db), owner(), id.New()
		now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
		db.Now = func() time.Time { return now }
		raw := asJPEG(t, drawing(400, 300, false))
		kept, err := s.Upload(t.Context(), sc, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		loose, err := s.Upload(t.Context(), sc, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		in := func(fn func(ctx context.Context, tx *store.Tx) error) error {
			return db.Tx(t.Context(), sc, func(tx *store.Tx) error { return fn(t.Context(), tx) })
		}
		for range 2 {
			if err := in(func(ctx context.Context, tx *store.Tx) error {
				p, err := s.Attach(ctx, tx, sc, thing, kept.ID)
				if p.Width != 400 || p.Height != 300 {
					t.Errorf("Attach = %+v", p)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		err = in(func(ctx context.Context, tx *store.Tx) error {
			_, err := s.Attach(ctx, tx, sc, id.New(), kept.ID)
			return err
		})
		if !errors.Is(err, ErrGone) {
			t.Errorf("Attach to another = %v", err)
		}
		there := func(p Photo) bool {
			_, err := New(db).Open(t.Context(), sc.Business, p.ID, 320) // a new one remembers nothing
			if err != nil && !errors.Is(err, ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}
		sweepAt := func(d time.Duration) {
			now = now.Add(d)
			if err := s.Sweep(t.Context(), authz.Job(sc.Business)); err != nil {
				t.Fatal(err)
			}
			sound(t, db)
		}
		sweepAt(looseFor)
		if !there(kept) || !there(loose) {
			t.Error("swept within a day")
		}
		sweepAt(time.Second)
		if !there(kept) || there(loose) {
			t.Error("want the loose one gone and the kept one there")
		}
		if err := in(func(ctx context.Context, tx *store.Tx) error { return s.Detach(ctx, tx, sc, thing, kept.ID) }); err != nil {
			t.Fatal(err)
		}
		sweepAt(looseFor + time.Second)
		if there(kept) {
			t.Error("a photo taken away is still there after a day")
		}
	})
}

func TestQuota(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, sc := New(db), owner()
		raw := asJPEG(t, drawing(400, 300, false))
		pic, err := s.Read(t.Context(), bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		var one int64
		for _, f := range pic.files {
			one += int64(len(f.content))
		}
		s.Quota = 2*one + 1
		for i, want := range []error{nil, nil, ErrQuota} {
			if _, err := s.Upload(t.Context(), sc, bytes.NewReader(raw)); !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("photo %d: %v, want %v", i, err, want)
			}
		}
		if _, err := s.Upload(t.Context(), owner(), bytes.NewReader(raw)); err != nil {
			t.Errorf("another business: %v", err)
		}
		sound(t, db)
	})
}

func TestPicturesAreOfOneBusiness(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, a, b, payment := New(db), owner(), owner(), id.New()
		raw := asJPEG(t, drawing(400, 300, false))
		p, err := s.Upload(t.Context(), a, bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Open(t.Context(), b.Business, p.ID, 320); !errors.Is(err, ErrNotFound) {
			t.Errorf("Open under another business = %v", err)
		}
		pic, err := s.ReadPrivate(t.Context(), bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		var proof Photo
		err = db.Tx(t.Context(), a, func(tx *store.Tx) (err error) {
			proof, err = s.PutPrivate(t.Context(), tx, a, "proof", payment, pic)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range append([]int{proofWidth}, Widths...) {
			if _, err := s.Open(t.Context(), a.Business, proof.ID, w); !errors.Is(err, ErrNotFound) {
				t.Errorf("a private picture is open to all at %d: %v", w, err)
			}
		}
		for name, c := range map[string]struct {
			sc    authz.Scope
			owner id.ID
			want  error
		}{"its own": {a, payment, nil}, "of another object": {a, id.New(), ErrNotFound}, "of another business": {b, payment, ErrNotFound}} {
			err := db.View(t.Context(), c.sc, func(tx *store.Tx) error {
				_, err := s.OpenPrivate(t.Context(), tx, c.sc, c.owner, proof.ID)
				return err
			})
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		err = db.Tx(t.Context(), a, func(tx *store.Tx) error { _, err := s.Attach(t.Context(), tx, a, payment, proof.ID); return err })
		if !errors.Is(err, ErrGone) {
			t.Errorf("a private picture is made public: %v", err)
		}
		if _, err := s.Upload(t.Context(), authz.Visitor(a.Business), bytes.NewReader(raw)); !errors.Is(err, authz.ErrForbidden) {
			t.Errorf("a guest uploads: %v", err)
		}
		if _, err := s.Read(t.Context(), strings.NewReader(strings.Repeat("x", MaxBytes+1))); !errors.Is(err, ErrLarge) {
			t.Errorf("one byte too many: %v", err)
		}
	})
}

func TestCacheForgetsTheOldest(t *testing.T) {
	c := cache{room: 10}
	k := func(n int) key { return key{width: n} }
	c.put(k(1), File{Content: make([]byte, 4)})
	c.put(k(2), File{Content: make([]byte, 4)})
	c.get(k(1))
	c.put(k(3), File{Content: make([]byte, 4)})
	c.put(k(4), File{Content: make([]byte, 40)})
	for n, want := range map[int]bool{1: true, 2: false, 3: true, 4: false} {
		if _, ok := c.get(k(n)); ok != want {
			t.Errorf("%d is there: %v, want %v", n, ok, want)
		}
	}
}
