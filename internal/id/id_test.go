package id

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func TestNewRisesAndNeverRepeats(t *testing.T) {
	var mu sync.Mutex
	seen := map[ID]bool{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var prev ID
			for range 2_000 {
				v := New()
				if prev.String() >= v.String() {
					t.Errorf("%v does not follow %v", v, prev)
				}
				prev = v
				mu.Lock()
				if seen[v] {
					t.Errorf("%v twice", v)
				}
				seen[v] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

func TestAtTheTopOfAnHour(t *testing.T) {
	at := time.Date(2020, 6, 19, 8, 0, 0, 0, time.UTC)
	if v := At(at); !strings.HasPrefix(v.String(), "0172cb") || v.String()[14] != '7' {
		t.Errorf("At = %v, want a version 7 of June 2020", v)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(New().String())
	f.Add("00000000-0000-0000-0000-000000000000")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse(s)
		if err == nil && v.String() != strings.ToLower(s) {
			t.Fatalf("Parse(%q).String() = %q", s, v)
		}
	})
}

func TestScanReadsWhatValueWrites(t *testing.T) {
	v := New()
	raw, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	var w ID
	if err := w.Scan(raw); err != nil || w != v {
		t.Errorf("Scan = %v, %v; want %v", w, err, v)
	}
	if err := w.Scan(v.String()); err != nil || w != v {
		t.Errorf("Scan of text = %v, %v; want %v", w, err, v)
	}
	if err := w.Scan(int64(3)); err == nil {
		t.Error("Scan of a number was let through")
	}
}

func TestTokens(t *testing.T) {
	if a, b := Token(), Token(); a == b || len(a) != 26 || len(Secret()) != 52 {
		t.Errorf("tokens %q %q", a, b)
	}
	if Hash("AB") != Hash("ab") || Hash("ab") == Hash("ac") {
		t.Error("Hash must fold case and tell tokens apart")
	}
}
