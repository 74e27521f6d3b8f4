package carrier

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
)

// Asked is a carrier with the name of whose key it holds: a business's id, or
// that of the installation. Prices differ from key to key, so each has its own
// in the cache.
type Asked struct {
	Owner   string
	Carrier Carrier
}

func (a Asked) key() string { return a.Owner + "\x00" + a.Carrier.Name() }

// Quote is what carriers answered in time.
type Quote struct {
	Rates []Rate // the cheapest first
	Out   []Out  // who gave no price, and why
	Until time.Time
}

// Out is a carrier that is left out of a quote.
type Out struct {
	Carrier string
	Err     error
}

// ErrLate is why a carrier is left out that had not answered within the bound.
// Its answer is kept when it comes, for who asks next.
var ErrLate = errors.New("carrier: no answer in time")

// Limits of a Quoter. The zero of each is its default.
type Limits struct {
	Bound time.Duration // how long who asks may wait: 2 s
	Keep  time.Duration // how long prices hold: 15 min
	Rest  time.Duration // how long a carrier is left alone that failed: 15 s
	Most  int           // how many answers are kept: 2000
	Calls int           // how many calls may be under way: 32
}

// Quoter asks carriers for prices on behalf of people who wait.
type Quoter struct {
	now    func() time.Time
	l      Limits
	kept   *Memo[answer]
	flight singleflight.Group
	calls  chan struct{}
}

// answer is what a carrier said to a question, or that it must rest.
type answer struct {
	rates []Rate
	err   error
	until time.Time
}

// NewQuoter makes a quoter; now is the clock.
func NewQuoter(now func() time.Time, l Limits) *Quoter {
	l.Bound = cmp.Or(l.Bound, 2*time.Second)
	l.Keep = cmp.Or(l.Keep, 15*time.Minute)
	l.Rest = cmp.Or(l.Rest, 15*time.Second)
	l.Most = cmp.Or(l.Most, 2000)
	l.Calls = cmp.Or(l.Calls, 32)
	return &Quoter{now: now, l: l, kept: NewMemo[answer](l.Most), calls: make(chan struct{}, l.Calls)}
}

// bucket is the step in grams to which weights are rounded up before carriers
// are asked, so that carts of about the same weight share an answer. What
// carriers let go ends on such a step, so no price changes by it.
const bucket = 100

// Quote asks all at once and answers within the bound, with those that
// answered. It never fails: nobody's answer is a quote without prices.
func (q *Quoter) Quote(ctx context.Context, ask RateQuery, from []Asked) Quote {
	ctx, cancel := context.WithTimeout(ctx, q.l.Bound)
	defer cancel()
	ask.Box.Grams = max(bucket, (ask.Box.Grams+bucket-1)/bucket*bucket)
	ask.Firms = slices.Sorted(slices.Values(ask.Firms))
	question := ask.key()

	answers := make([]answer, len(from))
	waits := make([]<-chan singleflight.Result, len(from))
	for i, a := range from {
		if kept, ok := q.known(a.key(), question); ok {
			answers[i] = kept
			continue
		}
		waits[i] = q.flight.DoChan(a.key()+"\x00"+question, func() (any, error) { return q.call(ctx, a, ask, question), nil })
	}
	for i, w := range waits {
		if w == nil {
			continue
		}
		select {
		case r := <-w:
			answers[i] = r.Val.(answer)
		case <-ctx.Done():
			select { // it may have come at the same moment
			case r := <-w:
				answers[i] = r.Val.(answer)
			default:
				answers[i] = answer{err: ErrLate}
			}
		}
	}
	return gather(from, answers)
}

// known is a kept answer that still holds, or the news that the carrier rests.
func (q *Quoter) known(who, question string) (answer, bool) {
	for _, key := range []string{who + "\x00" + question, who} {
		if a, ok := q.kept.Get(key); ok && a.until.After(q.now()) {
			return a, true
		}
	}
	return answer{}, false
}

// call asks one carrier. It outlives who asked: a late answer serves the next.
func (q *Quoter) call(ctx context.Context, who Asked, ask RateQuery, question string) (a answer) {
	select {
	case q.calls <- struct{}{}:
		defer func() { <-q.calls }()
	default:
		return answer{err: ErrBusy}
	}
	if a, ok := q.known(who.key(), question); ok {
		return a // it came between the look and the call
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(q.l.Bound, min(3*q.l.Bound, 10*time.Second)))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			a = answer{err: fmt.Errorf("%s rates: %v: %w", who.Carrier.Name(), p, ErrDown)}
		}
		q.keep(who.key(), question, &a)
	}()
	a.rates, a.err = who.Carrier.Rates(ctx, ask)
	return a
}

// keep notes an answer for as long as it holds. Failures of the carrier hold
// for all questions, so that a checkout does not wait for it each time.
func (q *Quoter) keep(who, question string, a *answer) {
	now := q.now()
	switch after, again := Retry(a.err); {
	case a.err == nil, errors.Is(a.err, ErrArea):
		a.until = now.Add(q.l.Keep)
		q.kept.Put(who+"\x00"+question, *a)
	case again, errors.Is(a.err, ErrKey):
		a.until = now.Add(max(q.l.Rest, after))
		q.kept.Put(who, *a)
	default:
		a.until = now.Add(q.l.Rest)
		q.kept.Put(who+"\x00"+question, *a)
	}
}

func gather(from []Asked, answers []answer) Quote {
	var out Quote
	for i, a := range answers {
		if a.err != nil {
			out.Out = append(out.Out, Out{from[i].Carrier.Name(), a.err})
			continue
		}
		out.Rates = append(out.Rates, a.rates...)
		if out.Until.IsZero() || a.until.Before(out.Until) {
			out.Until = a.until
		}
	}
	slices.SortStableFunc(out.Rates, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(a.Total(), b.Total()), cmp.Compare(a.Firm, b.Firm), cmp.Compare(a.Service, b.Service))
	})
	return out
}

// key names all that a price depends on, in few bytes.
func (q RateQuery) key() string {
	insured := int64(0)
	if q.Insured {
		insured = q.Value
	}
	b := q.Box
	sum := sha256.Sum256([]byte(strings.Join([]string{q.From.key(), q.To.key(), numbers(b.Grams, b.Length, b.Width, b.Height, insured, q.COD), strings.Join(q.Firms, ",")}, "\x00")))
	return string(sum[:])
}

// key is where a place is: its region, and the point to about ten metres.
func (p Place) key() string {
	s := strings.Join([]string{p.Area, p.Postal, p.Province, p.Regency, p.District, p.Village}, "\x01")
	if p.Pointed() {
		s += "\x01" + numbers(*p.LatE6/100, *p.LngE6/100)
	}
	return s
}

func numbers(list ...int64) string {
	var s []string
	for _, n := range list {
		s = append(s, strconv.FormatInt(n, 10))
	}
	return strings.Join(s, ":")
}
