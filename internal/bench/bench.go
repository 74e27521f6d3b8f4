// Package bench measures how fast an installation answers, beside what the
// machine itself can do: a bare handler that writes the same bytes, and the
// same rows without a server. Slices of both take turns, so that their ratio
// holds although the machine drifts.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"time"
)

// Options say what is measured and for how long.
type Options struct {
	URL             string   // a server that runs already; empty: one of our own
	Engines         []string // of our own servers: "sqlite" or postgres://... naming an empty database
	Program         string   // lapak itself, to start servers with
	Dir             string   // where data may lie; emptied at the end
	Phone, Password string   // whoever owns a shop of the server at URL
	Writes          bool     // orders may be placed on the server at URL
	Stages          []string // of StageNames; empty: the first four
	Only            string   // of the workloads, those whose name contains it
	Clients         []int
	Slice           time.Duration // one turn of the server, or of its limit
	Rounds          int           // turns of each
	Shops           int           // with goods and orders, of our own servers
	Orders          []int64       // how many lie in the database, for the stage "scale"
	Products        int           // in the directory, for the stage "search"
	ImportRows      int           // of each file, for the stage "import"
	Keep            bool          // leave the data

	Say func(format string, args ...any) // progress
}

// The stages.
const (
	StageIdle   = "idle"   // memory and time of a start
	StagePages  = "pages"  // pages at each number of clients
	StageOrders = "orders" // orders, beside their rows
	StageImport = "import" // files that an owner takes in
	StageScale  = "scale"  // the owner's pages with few and many orders
	StageSearch = "search" // the directory with many products
)

// StageNames lists the stages in their order.
var StageNames = []string{StageIdle, StagePages, StageOrders, StageImport, StageScale, StageSearch}

// Quick makes a run of seconds: it shows that everything works, and little else.
func (o *Options) Quick() {
	o.Clients, o.Slice, o.Rounds, o.Shops = []int{1, 8}, 100*time.Millisecond, 1, 2
	o.Orders, o.Products, o.ImportRows = []int64{200, 2_000}, 500, 300
}

// Validate tells what cannot be measured as asked.
func (o *Options) Validate() error {
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("--url: %q must look like http://localhost:8080", o.URL)
		}
		if !loopback(u.Hostname()) {
			return errors.New("--url: only a server on this machine is measured: load on any other is an attack")
		}
	}
	if o.Rounds < 1 || o.Slice < 50*time.Millisecond || o.Slice > time.Minute || o.Rounds > 100 {
		return errors.New("--rounds, --slice: between 1 and 100 turns of 50ms to 1m")
	}
	for _, c := range o.Clients {
		if c < 1 || c > 1024 {
			return fmt.Errorf("--clients: %d is not between 1 and 1024", c)
		}
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (o *Options) stage(name string) bool {
	list := o.Stages
	if len(list) == 0 {
		list = StageNames[:4]
	}
	for _, s := range list {
		if s == name {
			return true
		}
	}
	return false
}

// Result is all that a run measured.
type Result struct {
	At       time.Time `json:"at"`
	Program  string    `json:"program"`
	Go       string    `json:"go"`
	CPUs     int       `json:"cpus"`
	Load     string    `json:"load"` // of the machine before the run, as /proc/loadavg says
	LoadEnd  string    `json:"load_end"`
	Slice    string    `json:"slice"`
	Rounds   int       `json:"rounds"`
	Measured []Measure `json:"measured"`
	Facts    []Fact    `json:"facts"`
	Notes    []string  `json:"notes"`
}

// Measure is one workload at one number of clients.
type Measure struct {
	Engine    string  `json:"engine"`
	Work      string  `json:"work"`
	Clients   int     `json:"clients"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_ms"`
	P99       float64 `json:"p99_ms"`
	Errors    int64   `json:"errors"`
	RSS       int64   `json:"rss_bytes"` // the most the server had; 0: not known
	Limit     string  `json:"limit,omitempty"`
	LimitPer  float64 `json:"limit_per_second,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"`
	Spread    string  `json:"ratio_of_rounds,omitempty"` // the least and the most of the rounds
	Group     float64 `json:"group,omitempty"`           // orders in one commit
	Bytes     float64 `json:"bytes,omitempty"`           // of an answer
}

// Fact is a figure that stands alone.
type Fact struct {
	Engine string  `json:"engine"`
	What   string  `json:"what"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Aim    string  `json:"aim,omitempty"`
	Met    bool    `json:"met,omitempty"`
}

// Run measures what the options ask for.
func Run(ctx context.Context, o Options) (*Result, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	r := &Result{
		At: time.Now().UTC().Truncate(time.Second), Go: runtime.Version(), CPUs: runtime.GOMAXPROCS(0), Load: load(),
		Slice: o.Slice.String(), Rounds: o.Rounds,
		Notes: []string{
			"Closed loop: each client sends its next request when it has the answer, so requests that would have come meanwhile are not counted (coordinated omission); percentiles are of requests sent.",
			"Clients, server and limit share this machine's processors; slices of server and limit take turns.",
		},
	}
	var err error
	if o.URL != "" {
		err = r.against(ctx, &o)
	} else {
		r.Notes = append(r.Notes, "The limits on requests were raised by --rate-factor for the server measured.")
		for _, engine := range o.Engines {
			if err = r.own(ctx, &o, engine); err != nil {
				break
			}
		}
	}
	r.LoadEnd = load()
	return r, err
}

// against measures a server that runs already.
func (r *Result) against(ctx context.Context, o *Options) error {
	bare, err := startBare(ctx, o.Program)
	if err != nil {
		return err
	}
	defer bare.stop()
	u, _ := url.Parse(o.URL) // Validate has read it
	b := &run{o: o, r: r, engine: "given", addr: u.Host, bare: bare, log: io.Discard}
	return b.pages(ctx)
}
