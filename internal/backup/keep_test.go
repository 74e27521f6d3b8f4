package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lapak/internal/id"
)

const mark = "0123456789abcdef"

func at(t time.Time) string { return FileName(Header{ID: id.New(), MadeAt: t, Key: mark}) }

// A year of hourly backups, each pruned after: what stays is the plan.
func TestKeepOverAYear(t *testing.T) {
	k, err := ParseKeep("24h7d4w12m")
	if err != nil || k.String() != "24h7d4w12m" {
		t.Fatalf("ParseKeep = %v, %v", k, err)
	}
	now := time.Date(2026, 1, 1, 0, 30, 0, 0, time.UTC)
	var have []string
	for range 400 * 24 {
		have = append(have, at(now))
		stale := k.Stale(have, mark, now)
		have = slices.DeleteFunc(have, func(n string) bool { return slices.Contains(stale, n) })
		now = now.Add(time.Hour)
	}
	last := now.Add(-time.Hour)
	var ages []time.Duration
	for _, n := range have {
		made, _, _ := ParseName(n)
		ages = append(ages, last.Sub(made))
	}
	slices.Sort(ages)
	for i := range 24 {
		if ages[i] != time.Duration(i)*time.Hour {
			t.Errorf("the backup of %d hours ago is missing", i)
		}
	}
	// 24 hourly ones, 6 earlier days, and what weeks and months add to them.
	if len(have) < 24+5+3+9 || len(have) > 24+7+4+12 {
		t.Errorf("%d backups stay", len(have))
	}
	if oldest := ages[len(ages)-1]; oldest < 305*24*time.Hour {
		t.Errorf("the oldest is %v old, want 10 months at least", oldest)
	}
}

func TestKeepRules(t *testing.T) {
	day := func(d, h int) time.Time { return time.Date(2026, 3, d, h, 15, 0, 0, time.UTC) }
	for _, c := range []struct {
		name, keep string
		have       []time.Time
		stay       []int
	}{
		{"the newest of a day stays", "2d", []time.Time{day(1, 1), day(1, 9), day(2, 3)}, []int{1, 2}},
		{"days without a backup do not count", "2d", []time.Time{day(1, 1), day(9, 9), day(20, 3)}, []int{1, 2}},
		{"the newest stays whatever the plan", "1m", []time.Time{day(1, 1), day(1, 2)}, []int{1}},
		{"hours and months", "1h2m", []time.Time{time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), day(1, 1), day(1, 2)}, []int{1, 3}},
		{"weeks go over the year's end", "2w", []time.Time{time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)}, []int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ParseKeep(c.keep)
			if err != nil {
				t.Fatal(err)
			}
			var names, want []string
			for i, m := range c.have {
				names = append(names, at(m))
				if !slices.Contains(c.stay, i) {
					want = append(want, names[i])
				}
			}
			got := k.Stale(append([]string{"notes.txt", ErasureFile, "lapak.db"}, names...), mark, day(28, 0))
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("Stale = %v, want %v", got, want)
			}
		})
	}
	for _, bad := range []string{"", "7", "d", "7x", "-1d", "4w7d", "0h", "99999d", "7d junk"} {
		if k, err := ParseKeep(bad); err == nil {
			t.Errorf("ParseKeep(%q) = %v", bad, k)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		k := Keep{rapid.IntRange(0, 5).Draw(rt, "h"), rapid.IntRange(0, 5).Draw(rt, "d"), rapid.IntRange(0, 3).Draw(rt, "w"), rapid.IntRange(0, 3).Draw(rt, "m")}
		var names []string
		for range rapid.IntRange(1, 60).Draw(rt, "n") {
			names = append(names, at(time.Unix(rapid.Int64Range(1_700_000_000, 1_720_000_000).Draw(rt, "t"), 0)))
		}
		stale := k.Stale(names, mark, time.Unix(1_720_000_000, 0))
		if left := len(names) - len(stale); left < 1 || left > 1+k.Hourly+k.Daily+k.Weekly+k.Monthly {
			rt.Errorf("%d of %d stay under %v", left, len(names), k)
		}
		if slices.Contains(stale, slices.MaxFunc(names, func(a, b string) int { return strings.Compare(a[:26], b[:26]) })) && len(names) == 1 {
			rt.Error("the newest goes")
		}
	})
}

func TestDue(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) *Run { return &Run{StartedAt: now.Add(-d)} }
	for _, c := range []struct {
		name      string
		good, bad *Run
		want      bool
	}{
		{"never", nil, nil, true},
		{"just made", ago(time.Minute), nil, false},
		{"an hour ago", ago(time.Hour), nil, true},
		{"just failed", nil, ago(time.Minute), false},
		{"failed a while ago", nil, ago(11 * time.Minute), true},
		{"late, and just failed", ago(3 * time.Hour), ago(2 * time.Minute), false},
	} {
		if got := isDue(now, time.Hour, c.good, c.bad); got != c.want {
			t.Errorf("%s: due = %v", c.name, got)
		}
	}
}

// A disk that gets full, and any other error, leaves no file behind.
func TestWholeLeavesNothingHalf(t *testing.T) {
	dir := t.TempDir()
	full := errors.New("no space left on device")
	name := filepath.Join(dir, "x.lapak")
	if err := Whole(name, func(w io.Writer) error { _, _ = w.Write([]byte("half")); return full }); !errors.Is(err, full) {
		t.Errorf("Whole = %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	if err := Whole(name, func(w io.Writer) error { _, err := w.Write([]byte("whole")); return err }); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(name); string(b) != "whole" {
		t.Errorf("the file holds %q", b)
	}
	// /dev/full is a disk that is full: every write to it fails.
	if _, err := os.Stat("/dev/full"); err == nil {
		if err := os.Symlink("/dev/full", filepath.Join(dir, "y.lapak"+partial)); err != nil {
			t.Fatal(err)
		}
		if err := Whole(filepath.Join(dir, "y.lapak"), func(w io.Writer) error { _, err := w.Write(make([]byte, 1<<20)); return err }); err == nil {
			t.Error("a full disk took a backup")
		}
		if _, err := os.Stat(filepath.Join(dir, "y.lapak")); err == nil {
			t.Error("half a file has a good name")
		}
	}
}

func TestFolderSweepsAndPrunes(t *testing.T) {
	f := Folder(filepath.Join(t.TempDir(), "sub"))
	local := filepath.Join(t.TempDir(), "l")
	if err := os.WriteFile(local, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), local, at(time.Now())); !errors.Is(err, ErrFolder) {
		t.Errorf("a copy to a disk that is not there = %v", err)
	}
	if err := os.Mkdir(string(f), 0o700); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var names []string
	for i := range 5 {
		names = append(names, at(day.AddDate(0, 0, i)))
		if err := f.Put(t.Context(), local, names[i]); err != nil {
			t.Fatal(err)
		}
	}
	left, busy := filepath.Join(string(f), "old.lapak"+partial), filepath.Join(string(f), "busy.lapak"+partial)
	old := time.Now().Add(-Unfinished - time.Minute)
	if err := errors.Join(os.WriteFile(left, nil, 0o600), os.Chtimes(left, old, old), os.WriteFile(busy, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := f.Put(t.Context(), local, names[4]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was left behind is there: %v", err)
	}
	if _, err := os.Stat(busy); err != nil {
		t.Errorf("what another is writing is gone: %v", err)
	}
	another := FileName(Header{ID: id.New(), MadeAt: day.AddDate(0, 0, 4).Add(time.Hour), Key: "another"}) // of an installation that keeps its own here
	if err := f.Put(t.Context(), local, another); err != nil {
		t.Fatal(err)
	}
	ahead := at(time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)) // made while the clock was wrong
	if err := f.Put(t.Context(), local, ahead); err != nil {
		t.Fatal(err)
	}
	now := day.AddDate(0, 0, 5)
	if newest, err := Newest(t.Context(), f, mark, now); err != nil || newest.Name != names[4] {
		t.Errorf("Newest = %v, %v, want the last before now", newest, err)
	}
	_ = os.WriteFile(filepath.Join(string(f), "mine.txt"), nil, 0o600)
	if _, err := Prune(t.Context(), f, Keep{Daily: 2}, mark, now); err != nil {
		t.Fatal(err)
	}
	newest, err := Newest(t.Context(), f, mark, now)
	if err != nil || newest.Name != names[4] {
		t.Errorf("Newest = %v, %v", newest, err)
	}
	list, err := f.List(context.Background())
	if err != nil || fmt.Sprint(list) != fmt.Sprint([]File{{names[3], 1}, {names[4], 1}, {another, 1}, {"mine.txt", 0}}) {
		t.Errorf("List = %v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Put(ctx, local, at(day)); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v", err)
	}
}

func TestErasureListReadsBack(t *testing.T) {
	list := []Erasure{{id.New(), id.New(), time.Date(2026, 3, 1, 2, 3, 4, 5000, time.UTC)}, {id.New(), id.New(), time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)}}
	var b strings.Builder
	if err := WriteErasures(&b, list); err != nil {
		t.Fatal(err)
	}
	got, err := ReadErasures(strings.NewReader(b.String()))
	if err != nil || !slices.Equal(got, list) {
		t.Errorf("ReadErasures = %v, %v; want %v", got, err, list)
	}
	for _, bad := range []string{"", "x\n", erasureHead + "\n2026 a b\n", erasureHead + "\nx\n"} {
		if _, err := ReadErasures(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
