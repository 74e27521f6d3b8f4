package outbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbox"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// The time of an act is the phone's, set right by its clock, within bounds.
func TestTimeIsSetRight(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc := g.member(id.New(), id.New(), authz.Courier)
		for name, c := range map[string]struct{ at, clock, want time.Time }{
			"a right clock":         {began.Add(-time.Hour), began.Add(time.Second), began.Add(-time.Hour)},
			"two minutes off":       {began.Add(-time.Hour), began.Add(-2 * time.Minute), began.Add(-time.Hour)},
			"three hours behind":    {began.Add(-4 * time.Hour), began.Add(-3 * time.Hour), began.Add(-time.Hour)},
			"a day ahead":           {began.Add(23 * time.Hour), began.Add(24 * time.Hour), began.Add(-time.Hour)},
			"in the future":         {began.Add(time.Minute), began, began},
			"long ago":              {began.Add(-31 * 24 * time.Hour), began, began.Add(-30 * 24 * time.Hour)},
			"no clock":              {began.Add(-time.Hour), time.Time{}, began.Add(-time.Hour)},
			"the clock was not set": {time.Unix(0, 0), time.Unix(3600, 0), began.Add(-time.Hour)},
		} {
			object := id.New()
			a := chain(sc, object, 1)[0]
			a.At, a.Clock = c.at, c.clock
			g.take(sc, a)
			var got time.Time
			if err := db.View(t.Context(), sc, func(tx *store.Tx) error {
				return tx.QueryRowContext(t.Context(), `SELECT at FROM webhook_counts WHERE business_id = $1 AND object_id = $2`, sc.Business, object).Scan(&got)
			}); err != nil {
				t.Fatal(err)
			}
			if !got.Equal(c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	})
}

// A chain that waits too long is the owner's to let go, and nobody else's.
func TestTheOwnerLetsGo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		shop := id.New()
		sc, boss, object := g.member(id.New(), shop, authz.Courier), g.member(id.New(), shop, authz.Owner), id.New()
		acts := chain(sc, object, 1, 2, 4)
		g.take(sc, acts[1])
		g.take(sc, acts[2])
		*g.now = began.Add(48 * time.Hour)
		if list, _ := g.Open(t.Context(), boss); len(list) != 2 || list[0].Loose {
			t.Errorf("at 48 hours: %+v, want two that still wait", list)
		}
		if err := g.Choose(t.Context(), boss, acts[1].ID, true); !errors.Is(err, outbox.ErrAnswered) {
			t.Errorf("let go at 48 hours: %v", err)
		}
		*g.now = began.Add(48*time.Hour + time.Second)
		if err := g.Choose(t.Context(), sc, acts[1].ID, true); !errors.Is(err, outbox.ErrAnswered) {
			t.Errorf("the courier lets go: %v", err)
		}
		if err := g.Choose(t.Context(), boss, acts[1].ID, true); err != nil {
			t.Fatal(err)
		}
		if got := g.at(sc, object); got != 2*31+4 {
			t.Errorf("value %d, want the act and the one that waited for it", got)
		}
		g.take(sc, acts[0]) // it turns up after all
		g.holds()
	})
}

// A photo comes with its act and goes on to what the act changed; one that
// nobody took goes with what people wrote, 90 days after the answer.
func TestPhotosAndOldBodies(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		sc, object := g.member(id.New(), id.New(), authz.Courier), id.New()
		var pic bytes.Buffer
		if err := jpeg.Encode(&pic, image.NewGray(image.Rect(0, 0, 80, 60)), nil); err != nil {
			t.Fatal(err)
		}
		acts := chain(sc, object, 1, 2, 3, 4)
		for i := range acts {
			acts[i].Picture = pic.Bytes()
		}
		acts[1].Picture = []byte("no picture")
		for _, i := range []int{1, 1, 0, 2, 0, 2, 3} { // the second's photo is bad, whenever it comes
			g.take(sc, acts[i])
		}
		if r := g.take(sc, acts[1]); r.State != outbox.Refused || r.Fault.Key != blob.ErrType.Key {
			t.Errorf("an act with a photo that is none: %v", r)
		}
		if got := g.at(sc, object); got != 31+4 || len(g.photos) != 2 {
			t.Errorf("value %d with %d photos, want the first and the last", got, len(g.photos))
		}
		for i, want := range []error{nil, blob.ErrNotFound} {
			err := db.View(t.Context(), sc, func(tx *store.Tx) error {
				_, err := g.blobs.OpenPrivate(t.Context(), tx, sc, []id.ID{object, acts[0].ID}[i], g.photos[0])
				return err
			})
			if !errors.Is(err, want) {
				t.Errorf("the photo of owner %d: %v, want %v", i, err, want)
			}
		}
		jobs := job.New(db, job.Options{})
		g.Jobs(jobs)
		sweep := func(after time.Duration) {
			t.Helper()
			*g.now = began.Add(after)
			if _, err := jobs.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sweep(90*24*time.Hour - time.Hour)
		if n := g.count(sc, "body <> ''"); n != 4 {
			t.Errorf("%d bodies before their time is over, want 4", n)
		}
		sweep(91*24*time.Hour + time.Hour)
		if n := g.count(sc, "body <> '' OR seen <> '' OR photo_id IS NOT NULL OR emptied_at IS NULL"); n != 0 {
			t.Errorf("%d acts still hold what people wrote", n)
		}
		if r := g.take(sc, acts[0]); r.State != outbox.Done || g.at(sc, object) != 31+4 {
			t.Errorf("an emptied act sent again: %v", r)
		}
		var loose int64
		if err := db.View(t.Context(), sc, func(tx *store.Tx) error {
			return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM blobs WHERE business_id = $1 AND owner_id IS NULL`, sc.Business).Scan(&loose)
		}); err != nil || loose != 1 {
			t.Errorf("%d photos are loose (%v), want the refused act's", loose, err)
		}
		g.holds()
	})
}

// Two businesses see nothing of each other's acts, under the same ids.
func TestBusinessesAreApart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		g := newRig(t, db)
		a, b, object := g.member(id.New(), id.New(), authz.Owner), g.member(id.New(), id.New(), authz.Owner), id.New()
		mine := chain(a, object, 3)[0]
		g.take(a, mine)
		theirs := mine
		theirs.Person, theirs.Business, theirs.Body = b.Actor, b.Business, json.RawMessage(`{"n":1}`)
		if r := g.take(b, theirs); r.State != outbox.Done {
			t.Errorf("the same id in another business: %v", r)
		}
		if list, _ := g.Open(t.Context(), b); len(list) != 0 {
			t.Errorf("another business sees %v", list)
		}
		if err := g.Choose(t.Context(), b, mine.ID, false); !errors.Is(err, outbox.ErrAnswered) { // its own act of that id, which is done
			t.Errorf("Choose across businesses: %v", err)
		}
		if list, _ := g.Open(t.Context(), a); len(list) != 1 || list[0].State != outbox.Refused {
			t.Errorf("one's own: %v", list)
		}
		err := db.Tx(t.Context(), a, func(tx *store.Tx) error { return g.Erase(t.Context(), tx, a, object) })
		if err != nil || g.count(a, "body <> ''") != 0 || g.count(b, "body <> ''") != 1 {
			t.Errorf("erased: %v, %d and %d bodies left", err, g.count(a, "body <> ''"), g.count(b, "body <> ''"))
		}
		g.holds()
	})
}
