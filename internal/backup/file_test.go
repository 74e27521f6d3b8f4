package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/id"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// fill puts a little of everything into a database: text, times, nothing,
// photos, a history, words to search for.
func fill(t testing.TB, db *store.DB, shops int) []id.ID {
	t.Helper()
	var list []id.ID
	for i := range shops {
		b := id.New()
		list = append(list, b)
		err := db.Tx(t.Context(), authz.Job(b), func(tx *store.Tx) error {
			photo := id.New()
			for query, args := range map[string][]any{
				"INSERT INTO slugs (slug, business_id, live, created_at) VALUES ($1, $2, true, $3)": {fmt.Sprintf("warung-%d-é\n", i), b, tx.Now},
				"INSERT INTO order_numbers (business_id, last) VALUES ($1, $2)":                     {b, int64(-i)},
			} {
				if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
					return err
				}
			}
			if err := tx.SearchPut(t.Context(), store.SearchDoc{ID: photo, Title: "Bolu Pandan", Weight: 3, Words: "pandan bolu"}); err != nil {
				return err
			}
			return audit.Note(t.Context(), tx, authz.Job(b), "shop.opened", b)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func write(t testing.TB, db *store.DB, lock backup.Lock) ([]byte, backup.Made) {
	t.Helper()
	var b bytes.Buffer
	m, err := backup.Write(t.Context(), db, backup.Source{Program: "test", Key: "k", Lock: lock}, &b)
	if err != nil {
		t.Fatal(err)
	}
	if m.Size != int64(b.Len()) {
		t.Errorf("size %d, want %d", m.Size, b.Len())
	}
	return b.Bytes(), m
}

// bare opens an empty database of either engine.
func bare(t testing.TB, engine string) *store.DB {
	t.Helper()
	if engine == "postgres" {
		return storetest.Open(t, storetest.EmptyPostgresDSN(t))
	}
	return storetest.Open(t, "sqlite:"+t.TempDir()+"/bare.db")
}

func TestBackupComesBackOnEitherEngine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		shops := fill(t, db, 40)
		file, made := write(t, db, backup.Lock{})
		if made.Manifest.Rows() < 160 || made.Header.Sealed {
			t.Fatalf("the backup holds %d rows, sealed %v", made.Manifest.Rows(), made.Header.Sealed)
		}
		checked, err := backup.Check(bytes.NewReader(file))
		if err != nil || checked.Header.ID != made.Header.ID || checked.Sum != made.Sum || checked.Size != made.Size {
			t.Fatalf("Check = %+v, %v; want %+v", checked, err, made)
		}
		for _, engine := range []string{"sqlite", "postgres"} {
			t.Run("into "+engine, func(t *testing.T) {
				to := bare(t, engine)
				_, m, err := backup.Load(t.Context(), to, bytes.NewReader(file), backup.Keys{})
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(m.Parts, made.Manifest.Parts) {
					t.Error("what came back is not what was written")
				}
				if err := to.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				storetest.Holds(t, to, audit.Invariants)
				// What came back is written again to the same sums, and is in use at once.
				_, again := write(t, to, backup.Lock{})
				if !slices.Equal(again.Manifest.Parts, made.Manifest.Parts) {
					t.Error("a backup of what came back differs")
				}
				if err := to.View(t.Context(), authz.Job(shops[0]), func(tx *store.Tx) error {
					hits, err := tx.Search(t.Context(), 0, []store.SearchTerm{{Word: "pand", Prefix: true}}, 100)
					if len(hits) != 40 {
						t.Errorf("%d hits, want 40", len(hits))
					}
					return err
				}); err != nil {
					t.Error(err)
				}
				if _, _, err := backup.Load(t.Context(), to, bytes.NewReader(file), backup.Keys{}); !errors.Is(err, store.ErrNotBare) {
					t.Errorf("a second Load = %v, want ErrNotBare", err)
				}
			})
		}
	})
}

// Any changed byte, and any missing end, is noticed before a row is used.
func TestAlteredFilesAreRefused(t *testing.T) {
	db := storetest.SQLite(t)
	fill(t, db, 5)
	plain, _ := write(t, db, backup.Lock{})
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := write(t, db, backup.Lock{Recipient: key.Recipient().String()})
	for name, file := range map[string][]byte{"plain": plain, "sealed": sealed} {
		t.Run(name, func(t *testing.T) {
			if _, err := backup.Check(bytes.NewReader(file)); err != nil {
				t.Fatal("the control: ", err)
			}
			rapid.Check(t, func(rt *rapid.T) {
				b := slices.Clone(file)
				at, bit := rapid.IntRange(0, len(b)-1).Draw(rt, "at"), rapid.IntRange(0, 7).Draw(rt, "bit")
				b[at] ^= 1 << bit
				if _, err := backup.Check(bytes.NewReader(b)); err == nil {
					rt.Errorf("byte %d of %d was changed and not noticed", at, len(b))
				}
				cut := rapid.IntRange(0, len(file)-1).Draw(rt, "cut")
				if _, err := backup.Check(bytes.NewReader(file[:cut])); err == nil {
					rt.Errorf("cut off at %d of %d and not noticed", cut, len(file))
				}
			})
		})
	}
	if _, err := backup.Check(strings.NewReader("SQLite format 3\x00 and so on")); !errors.Is(err, backup.ErrNotOurs) {
		t.Errorf("Check of something else = %v", err)
	}
	if _, err := backup.Check(bytes.NewReader(plain[:len(plain)/2])); !errors.Is(err, backup.ErrShort) {
		t.Errorf("Check of half a file = %v", err)
	}
}

// A changed file whose checksum at the end was made anew is caught by the sums
// inside; a sealed one cannot be changed at all.
func TestInnerSumsCatchWhatTheOuterOneDoesNot(t *testing.T) {
	db := storetest.SQLite(t)
	fill(t, db, 3)
	file, _ := write(t, db, backup.Lock{})
	rapid.Check(t, func(rt *rapid.T) {
		b := slices.Clone(file)
		at := rapid.IntRange(bytes.IndexByte(b, '{'), len(b)-80).Draw(rt, "at")
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
		to := &collect{}
		if _, _, err := backup.Read(bytes.NewReader(b), backup.Keys{}, to); err == nil {
			rt.Errorf("byte %d of %d was changed and not noticed", at, len(b))
		}
	})
}

type collect struct{ rows int }

func (c *collect) Begin(backup.Header) error    { return nil }
func (c *collect) Table(string, []string) error { return nil }
func (c *collect) Rows(rows [][]any) error      { c.rows += len(rows); return nil }

func TestSealedBackupsNeedTheirKey(t *testing.T) {
	db := storetest.SQLite(t)
	fill(t, db, 3)
	mine, _ := age.GenerateX25519Identity()
	other, _ := age.GenerateX25519Identity()
	keys := func(file, pass string) backup.Keys {
		var r io.Reader
		if file != "" {
			r = strings.NewReader(file)
		}
		k, err := backup.ReadKeys(r, pass)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	public, _ := write(t, db, backup.Lock{Recipient: mine.Recipient().String()})
	phrase, _ := write(t, db, backup.Lock{Passphrase: "sebuah frasa yang panjang"})
	if bytes.Contains(public, []byte("warung")) || bytes.Contains(phrase, []byte("warung")) {
		t.Error("a sealed backup shows what is in it")
	}
	for _, c := range []struct {
		name string
		file []byte
		keys backup.Keys
		want error
	}{
		{"no key", public, backup.Keys{}, backup.ErrSealed},
		{"wrong key", public, keys(other.String(), ""), backup.ErrKey},
		{"passphrase for a key", public, keys("", "sebuah frasa yang panjang"), backup.ErrKey},
		{"right key", public, keys(mine.String(), ""), nil},
		{"wrong passphrase", phrase, keys("", "sebuah frasa yang salah"), backup.ErrKey},
		{"right passphrase", phrase, keys("", "sebuah frasa yang panjang"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := backup.Read(bytes.NewReader(c.file), c.keys, &collect{}); !errors.Is(err, c.want) {
				t.Errorf("Read = %v, want %v", err, c.want)
			}
		})
	}
	for _, bad := range []backup.Lock{{Recipient: "age1nonsense"}, {Passphrase: "short"}, {Recipient: mine.Recipient().String(), Passphrase: "sebuah frasa yang panjang"}} {
		if bad.Check() == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// Writers go on while a backup is written, and it holds one moment: all that
// was answered before it began, and no half of anything.
func TestBackupUnderWrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		before := fill(t, db, 20)
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		more := make(chan int)
		go func() {
			n := 0
			for ctx.Err() == nil {
				b := id.New()
				_ = db.Tx(ctx, authz.Job(b), func(tx *store.Tx) error { return audit.Note(ctx, tx, authz.Job(b), "shop.opened", b) })
				n++
			}
			more <- n
		}()
		file, _ := write(t, db, backup.Lock{})
		stop()
		if n := <-more; n == 0 {
			t.Fatal("void: nobody wrote")
		}
		to := bare(t, "sqlite")
		if _, _, err := backup.Load(t.Context(), to, bytes.NewReader(file), backup.Keys{}); err != nil {
			t.Fatal(err)
		}
		storetest.Holds(t, to, audit.Invariants)
		for _, b := range before {
			if n, err := audit.Verify(t.Context(), to, b); err != nil || n == 0 {
				t.Fatalf("business %s has %d entries, %v", b, n, err)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	db := storetest.SQLite(f)
	file, _ := write(f, db, backup.Lock{})
	f.Add(file)
	f.Add(file[:200])
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _, _ = backup.Read(bytes.NewReader(b), backup.Keys{}, &collect{})
		_, _ = backup.Check(bytes.NewReader(b))
	})
}
