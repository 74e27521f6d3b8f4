package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// client is one buyer with one connection. It is as lean as reading an answer
// allows, because it takes its time from the processors of the server.
type client struct {
	addr string
	c    net.Conn
	br   *bufio.Reader
}

const answerTimeout = 30 * time.Second

// do sends a whole request and reads the whole answer.
func (c *client) do(request []byte) (status int, size int64, err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if c.c == nil {
		if c.c, err = net.Dial("tcp", c.addr); err != nil {
			return 0, 0, err
		}
		c.br = bufio.NewReaderSize(c.c, 16<<10)
	}
	if err = c.c.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, 0, err
	}
	if _, err = c.c.Write(request); err != nil {
		return 0, 0, err
	}
	res, err := http.ReadResponse(c.br, nil)
	if err != nil {
		return 0, 0, err
	}
	size, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if res.Close {
		c.close()
	}
	return res.StatusCode, size, err
}

func (c *client) close() {
	if c.c != nil {
		_ = c.c.Close()
		c.c = nil
	}
}

// work is a kind of request.
type work struct {
	name string
	want int                       // the status of an answer that counts
	next func(r *rand.Rand) []byte // a whole request
}

// tally is what was seen in some slices.
type tally struct {
	times  *hdrhistogram.Histogram // microseconds
	took   time.Duration
	n      int64
	errors int64
	bytes  int64
	first  string // what the first error was
}

func newTally() *tally { return &tally{times: newTimes()} }

// newTimes counts from a microsecond to a minute, to three digits.
func newTimes() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
}

func (t *tally) perSecond() float64 {
	if t.took <= 0 {
		return 0
	}
	return float64(t.n) / t.took.Seconds()
}

func (t *tally) ms(q float64) float64 { return float64(t.times.ValueAtQuantile(q)) / 1000 }

func (t *tally) add(s *tally) {
	t.times.Merge(s.times)
	t.took += s.took
	t.n += s.n
	t.errors += s.errors
	t.bytes += s.bytes
	if t.first == "" {
		t.first = s.first
	}
}

// crowd is some clients that keep their connections from slice to slice.
type crowd struct{ list []*client }

func newCrowd(addr string, n int) *crowd {
	c := &crowd{}
	for range n {
		c.list = append(c.list, &client{addr: addr})
	}
	return c
}

func (c *crowd) close() {
	for _, one := range c.list {
		one.close()
	}
}

// slice lets the crowd work for a while. A request that is on its way at the
// end is counted, and so is its time.
func (c *crowd) slice(ctx context.Context, w work, d time.Duration) *tally {
	parts := make([]*tally, len(c.list))
	began := time.Now()
	end := began.Add(d)
	var wg sync.WaitGroup
	for i, one := range c.list {
		t := newTally()
		parts[i] = t
		r := rand.New(rand.NewPCG(uint64(i), uint64(began.UnixNano())))
		wg.Go(func() {
			for ctx.Err() == nil {
				request := w.next(r)
				sent := time.Now()
				if !sent.Before(end) {
					return
				}
				status, size, err := one.do(request)
				if err != nil || status != w.want {
					t.errors++
					if t.first == "" {
						t.first = fmt.Sprintf("status %d, %v", status, err)
					}
					if err != nil {
						time.Sleep(time.Millisecond)
					}
					continue
				}
				_ = t.times.RecordValue(max(1, time.Since(sent).Microseconds()))
				t.n++
				t.bytes += size
			}
		})
	}
	wg.Wait()
	sum := newTally()
	for _, t := range parts {
		sum.add(t)
	}
	sum.took = time.Since(began)
	return sum
}
