package orderfile_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"lapak/internal/authz"
	"lapak/internal/ledger"
	"lapak/internal/order"
	"lapak/internal/orderfile"
	"lapak/internal/store"
	"lapak/internal/store/storetest"
)

// retailUnit makes the file's prices, pounds with fractions, whole rupiah.
const retailUnit = 20_000

// retail opens the real invoices of a shop, 525,461 lines, which are not part
// of this repository: LAPAK_RETAIL_FILE names them, or they lie beside it. most
// bounds the lines; zero means all.
func retail(t testing.TB, most int) io.Reader {
	t.Helper()
	name := os.Getenv("LAPAK_RETAIL_FILE")
	if name == "" {
		name = filepath.Join("..", "..", "..", "shared", "data", "online-retail-2009-2010.csv.gz")
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("SKIPPED: the real invoices are not here; set LAPAK_RETAIL_FILE to online-retail-2009-2010.csv.gz")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	if most == 0 {
		return z
	}
	var b bytes.Buffer
	in := bufio.NewScanner(z)
	for n := 0; n <= most && in.Scan(); n++ {
		b.Write(in.Bytes())
		b.WriteByte('\n')
	}
	return &b
}

func pounds(o *orderfile.Options) { o.Unit = retailUnit }

// figures are what a shop holds after an import.
type figures struct {
	Papers, Sales, Returns, WriteOffs, BadDebts, Customers, Anonymous, SKUs, Lines, Sum int64
}

func (s *server) figures(t testing.TB, sc authz.Scope) figures {
	t.Helper()
	const all = `(SELECT l.sku, p.customer_id FROM order_lines l JOIN order_papers p ON p.business_id = l.business_id AND p.id = l.order_id WHERE l.business_id = $1
		UNION ALL SELECT l.sku, p.customer_id FROM order_paper_lines l JOIN order_papers p ON p.business_id = l.business_id AND p.id = l.paper_id WHERE l.business_id = $1) x`
	kind := func(k order.Kind) int64 {
		return s.count(t, sc, `SELECT count(*) FROM order_papers WHERE business_id = $1 AND kind = '`+string(k)+`'`)
	}
	return figures{
		Papers: s.count(t, sc, `SELECT count(*) FROM order_papers WHERE business_id = $1`), Sales: kind(order.Sale), Returns: kind(order.Return),
		WriteOffs: kind(order.WriteOff), BadDebts: kind(order.BadDebt), Customers: s.count(t, sc, `SELECT count(*) FROM customers WHERE business_id = $1`),
		Anonymous: s.count(t, sc, `SELECT count(*) FROM `+all+` WHERE customer_id IS NULL`), SKUs: s.count(t, sc, `SELECT count(DISTINCT sku) FROM `+all),
		Lines: s.count(t, sc, `SELECT count(*) FROM `+all), Sum: s.count(t, sc, `SELECT CAST(sum(total) AS bigint) FROM order_papers WHERE business_id = $1`),
	}
}

// The invoices of a real shop go in with every line, come out, go into an
// empty shop and come out as the same bytes.
func TestRealInvoicesComeAndGo(t *testing.T) {
	most := 12_000
	if os.Getenv("LAPAK_RETAIL_WHOLE") != "" {
		most = 0
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newServer(t, db)
		sc := s.open(t)
		in := retail(t, most)
		peak := watchHeap(t)
		began := time.Now()
		tally, wrong := s.load(t, sc, in, pounds, 1_500)
		took := time.Since(began)
		if len(wrong) > 0 {
			t.Fatalf("%d rows did not go in, the first: line %d: %v", len(wrong), wrong[0].line, wrong[0].err)
		}
		got := s.figures(t, sc)
		t.Logf("%d lines in %v: %.0f lines/s, heap at most %d MiB; %+v", got.Lines, took.Round(time.Millisecond), float64(got.Lines)/took.Seconds(), peak()>>20, got)
		if tally != (order.Tally{New: got.Papers}) {
			t.Errorf("Import = %+v, want %d new alone", tally, got.Papers)
		}
		if n := s.stands(t, sc, ledger.Elsewhere); n != got.Sum {
			t.Errorf("books hold %d, want %d", n, got.Sum)
		}
		if most == 0 {
			want := figures{
				Papers: 28_816, Sales: 28_816 - 4_592 - 2_121 - 3, Returns: 4_592, WriteOffs: 2_121, BadDebts: 3, Customers: 4_383, Anonymous: 107_927,
				SKUs: 4_632, Lines: 525_461, Sum: 190_789_692_680,
			}
			if got != want {
				t.Errorf("figures = %+v, want %+v", got, want)
			}
		} else if got.Lines != int64(most) {
			t.Errorf("lines = %d, want %d", got.Lines, most)
		}
		began = time.Now()
		again, _ := s.load(t, sc, retail(t, most), pounds, 700)
		t.Logf("again in %v", time.Since(began).Round(time.Millisecond))
		if again != (order.Tally{Same: got.Papers}) {
			t.Errorf("Import again = %+v, want %d the same", again, got.Papers)
		}
		began = time.Now()
		first := s.save(t, sc)
		t.Logf("export: %d bytes in %v", len(first), time.Since(began).Round(time.Millisecond))
		empty := s.open(t)
		if _, wrong := s.load(t, empty, bytes.NewReader(first), nil, 1_000); len(wrong) > 0 {
			t.Fatalf("%d exported rows did not go in, the first: line %d: %v", len(wrong), wrong[0].line, wrong[0].err)
		}
		if second := s.save(t, empty); !bytes.Equal(first, second) {
			t.Errorf("the export of the copy differs: %s", differ(first, second))
		}
		if f := s.figures(t, empty); f != got {
			t.Errorf("figures of the copy = %+v, want %+v", f, got)
		}
		if same, _ := s.load(t, sc, bytes.NewReader(first), nil, 1_000); same != (order.Tally{Same: got.Papers}) {
			t.Errorf("the export into its own shop = %+v, want %d the same", same, got.Papers)
		}
		s.holds(t)
	})
}

func differ(a, b []byte) string {
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range x {
		if i >= len(y) || !bytes.Equal(x[i], y[i]) {
			if i < len(y) {
				return string(x[i]) + "\n\t" + string(y[i])
			}
			return string(x[i])
		}
	}
	return "longer"
}

// watchHeap measures the largest heap until the function it returns is called.
func watchHeap(t testing.TB) func() uint64 {
	t.Helper()
	var peak atomic.Uint64
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 { close(stop); <-done; return peak.Load() }
}
