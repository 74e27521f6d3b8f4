package torture_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"lapak/internal/web/webtest"
)

// bought is an order that was sent, and the link that answered it.
type bought struct {
	stall stall
	n     int64
	form  url.Values
	link  string // empty: no answer came
}

// crowd are buyers, of whom each orders again and again.
type crowd struct {
	mu     sync.Mutex
	client *http.Client
	all    []*bought
	odd    []string // answers that nobody should get
	stays  bool     // go on ordering after an order that was not taken
}

func newCrowd() *crowd {
	return &crowd{client: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 32},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what a buyer got.
type answer struct {
	status   int
	location string
	header   http.Header
	body     string
}

func (c *crowd) ask(ctx context.Context, method, address string, form url.Values) (answer, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return answer{}, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := c.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header.Get("Location"), res.Header, string(raw)}, err
}

// order sends one order once and notes the answer, if one comes.
func (c *crowd) order(ctx context.Context, base string, b *bought) bool {
	a, err := c.ask(ctx, http.MethodPost, base+b.stall.at("/pesan"), b.form)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil || a.status == http.StatusServiceUnavailable:
		return false
	case a.status == http.StatusSeeOther && strings.HasPrefix(a.location, "/o/"):
		if b.link != "" && b.link != a.location {
			c.odd = append(c.odd, "one form led to two orders")
		}
		b.link = a.location
		return true
	}
	c.odd = append(c.odd, "an order was answered with "+strconv.Itoa(a.status)+": "+webtest.Text(a.body, "main"))
	return false
}

// rush lets n buyers order until the server does not answer or ctx ends.
func (c *crowd) rush(ctx context.Context, base string, stalls []stall, n int, r *rand.Rand) *sync.WaitGroup {
	var wg sync.WaitGroup
	for range n {
		d := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		wg.Go(func() {
			for ctx.Err() == nil {
				s := stalls[d.IntN(len(stalls))]
				k := 1 + d.Int64N(3)
				b := &bought{stall: s, n: k, form: s.form(k)}
				c.mu.Lock()
				c.all = append(c.all, b)
				c.mu.Unlock()
				if c.order(ctx, base, b) {
					continue
				}
				if !c.stays {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	return &wg
}

// served reports whether an order from the n-th on was answered.
func (c *crowd) served(from int) bool {
	yes, _ := c.split(from)
	return len(yes) > 0
}

// refused is how many orders from the n-th on have no answer, or not a yes.
func (c *crowd) refused(from int) int {
	_, open := c.split(from)
	return len(open)
}

// split tells apart the orders that were answered, from the n-th on, and those that were not.
func (c *crowd) split(from int) (yes, open []*bought) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, b := range c.all[from:] {
		if b.link != "" {
			yes = append(yes, b)
		} else {
			open = append(open, b)
		}
	}
	return yes, open
}

// each runs fn for all of the list, eight at a time.
func each(list []*bought, fn func(*bought)) {
	next := make(chan *bought)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for b := range next {
				fn(b)
			}
		})
	}
	for _, b := range list {
		next <- b
	}
	close(next)
	wg.Wait()
}
