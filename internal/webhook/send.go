package webhook

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbound"
	"lapak/internal/store"
	"lapak/internal/webhook/webhookdb"
)

// sendJob tries a delivery once; try counts since it was put or sent again.
type sendJob struct {
	Delivery id.ID `json:"delivery"`
	Try      int   `json:"try"`
}

// Kind names the job.
func (sendJob) Kind() string { return "webhook.send" }

type stockJob struct {
	Variant id.ID `json:"variant"`
}

// Kind names the job that writes how the stock of a variant stands.
func (stockJob) Kind() string { return "webhook.stock" }

type sweepJob struct{}

// Kind names the job that shortens the log and forgets old numbers.
func (sweepJob) Kind() string { return "webhook.sweep" }

// Register gives the runner the jobs of this package.
func (s *Service) Register(r *job.Runner) {
	job.Handle(r, s.send)
	job.Handle(r, func(ctx context.Context, sc authz.Scope, a stockJob) error {
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := job.Finish(ctx, tx); err != nil {
				return err
			}
			st, ok, err := s.Stock(ctx, tx, sc, a.Variant)
			if err != nil || !ok {
				return err
			}
			return s.Emit(ctx, tx, sc, Event{StockChanged, a.Variant, StockPath(a.Variant), st})
		})
	})
	job.Handle(r, s.sweep)
}

// sweepStep is how many rows one transaction deletes at most.
const sweepStep = 1000

// sweep deletes what is old, and comes again as long as anything is left: a
// shop that tells nothing more is swept too.
func (s *Service) sweep(ctx context.Context, sc authz.Scope, _ sweepJob) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := job.Finish(ctx, tx); err != nil {
			return err
		}
		n, err := s.q.Sweep(ctx, tx, webhookdb.SweepParams{BusinessID: sc.Business, Before: tx.Now.Add(-Kept), Most: sweepStep})
		if err != nil {
			return fmt.Errorf("sweep deliveries: %w", err)
		}
		m, err := s.q.SweepCounts(ctx, tx, webhookdb.SweepCountsParams{BusinessID: sc.Business, Before: tx.Now.Add(-CountsKept), Most: sweepStep})
		if err != nil {
			return fmt.Errorf("sweep numbers: %w", err)
		}
		left, err := s.q.Left(ctx, tx, sc.Business)
		if err != nil || !left {
			return err
		}
		again := tx.Now.Add(sweepEvery)
		if n == sweepStep || m == sweepStep {
			again = tx.Now
		}
		return job.Put(ctx, tx, sc, sweepJob{}, job.At(again), job.Unique("webhook.sweep"))
	})
}

// waits are the pauses after the first tries; the last one repeats.
var waits = []time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

// wait is the pause after a failed try: longer each time, up to a tenth of it
// more by chance, and never shorter than the receiver asked for.
func wait(try int, asked time.Duration) time.Duration {
	w := waits[min(try, len(waits)-1)]
	w += rand.N(w/10 + 1)
	return max(w, min(asked, 24*time.Hour))
}

// outcome is how a try went.
type outcome struct {
	status int
	took   time.Duration
	answer string
	why    string
	asked  time.Duration
}

func (s *Service) send(ctx context.Context, sc authz.Scope, a sendJob) error {
	var d webhookdb.WebhookDelivery
	var r webhookdb.WebhookReceiver
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		if d, err = s.q.Delivery(ctx, tx, webhookdb.DeliveryParams{BusinessID: sc.Business, ID: a.Delivery}); err != nil {
			return err
		}
		r, err = s.q.Receiver(ctx, tx, webhookdb.ReceiverParams{BusinessID: sc.Business, ID: d.ReceiverID})
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		// deleted meanwhile; an order may have chosen its receivers just before
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := job.Finish(ctx, tx); err != nil {
				return err
			}
			return s.q.DropLost(ctx, tx, webhookdb.DropLostParams{BusinessID: sc.Business, ID: a.Delivery})
		})
	}
	if err != nil {
		return fmt.Errorf("read delivery: %w", err)
	}
	if d.State != Waiting {
		return nil
	}
	if r.State != On {
		return s.record(ctx, sc, a, d, outcome{why: "stopped"}, 0)
	}
	where := place{sc.Business, d.ReceiverID}
	if at, ok := s.lines.enter(where, s.db.Now()); !ok {
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			if err := job.Finish(ctx, tx); err != nil {
				return err
			}
			return job.Put(ctx, tx, sc, a, job.At(at))
		})
	}
	var o outcome
	defer func() { s.lines.leave(where, o.took) }()
	o, err = s.post(ctx, r, d)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.record(ctx, sc, a, d, o, 1)
}

// post sends the message; what goes wrong outside is an outcome, no error.
func (s *Service) post(ctx context.Context, r webhookdb.WebhookReceiver, d webhookdb.WebhookDelivery) (outcome, error) {
	at := s.db.Now()
	key, err := s.seals.open(r.Sealed, r.ID)
	if err != nil {
		return outcome{}, err
	}
	signature := sign(key, d.EventID.String(), at, d.Body)
	if r.OldSealed != "" && at.Before(r.OldUntil) {
		old, err := s.seals.open(r.OldSealed, r.ID)
		if err != nil {
			return outcome{}, err
		}
		signature += " " + sign(old, d.EventID.String(), at, d.Body)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Url, strings.NewReader(d.Body))
	if err != nil {
		return outcome{why: "address"}, nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Lapak")
	req.Header.Set("webhook-id", d.EventID.String())
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	begun := s.db.Now()
	res, err := s.client.Do(req)
	if err != nil {
		return outcome{why: why(err), took: s.db.Now().Sub(begun)}, nil // the error's text holds the address
	}
	defer res.Body.Close()
	said, err := io.ReadAll(io.LimitReader(res.Body, maxSaid))
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
	}
	o := outcome{status: res.StatusCode, took: s.db.Now().Sub(begun), answer: strings.ReplaceAll(strings.ToValidUTF8(string(said), "?"), "\x00", "?"), asked: asked(res.Header.Get("Retry-After"), at)}
	switch {
	case res.StatusCode/100 == 2: // received: what the rest of the answer is like does not matter
	case err != nil:
		o.why = why(err)
	default:
		o.why = "status"
	}
	return o, nil
}

func why(err error) string {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var late net.Error
	switch {
	case errors.Is(err, outbound.ErrPrivate):
		return "private"
	case errors.As(err, &dns):
		return "name"
	case errors.As(err, &cert):
		return "certificate"
	case errors.As(err, &late) && late.Timeout():
		return "late"
	}
	return "connection"
}

// asked is how long a receiver wants to be left alone: seconds, or a date.
func asked(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseInt(text, 10, 32); err == nil && n > 0 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// record writes down how a try went and ends its job, in one transaction: who
// is cut off before it sends the same message again.
func (s *Service) record(ctx context.Context, sc authz.Scope, a sendJob, d webhookdb.WebhookDelivery, o outcome, more int64) error {
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := job.Finish(ctx, tx); err != nil {
			return err
		}
		p := webhookdb.TriedParams{
			BusinessID: sc.Business, ID: d.ID, State: Done, More: more, Status: int64(o.status), TookMs: o.took.Milliseconds(), Answer: o.answer, Why: o.why, TriedAt: d.TriedAt,
		}
		if more > 0 {
			p.TriedAt = &tx.Now
		}
		at := webhookdb.WellParams{BusinessID: sc.Business, ID: d.ReceiverID}
		if o.why == "" {
			if err := s.q.Tried(ctx, tx, p); err != nil {
				return fmt.Errorf("record delivery: %w", err)
			}
			return s.q.Well(ctx, tx, at)
		}
		next := tx.Now.Add(wait(a.Try, o.asked))
		p.State = Waiting
		if more == 0 || o.status == http.StatusGone || next.After(d.BegunAt.Add(Lifetime)) {
			p.State = Failed
		} else {
			p.DueAt = &next
			if err := job.Put(ctx, tx, sc, sendJob{d.ID, a.Try + 1}, job.At(next)); err != nil {
				return err
			}
		}
		if err := s.q.Tried(ctx, tx, p); err != nil {
			return fmt.Errorf("record delivery: %w", err)
		}
		if more == 0 {
			return nil
		}
		if o.status == http.StatusGone {
			return s.stop(ctx, tx, sc, d.ReceiverID, Gone)
		}
		if err := s.q.Failing(ctx, tx, webhookdb.FailingParams{BusinessID: sc.Business, ID: d.ReceiverID, FailingAt: &tx.Now}); err != nil {
			return fmt.Errorf("note failure: %w", err)
		}
		if p.State != Failed {
			return nil
		}
		r, err := s.one(ctx, tx, sc, d.ReceiverID)
		if err != nil || r.FailingAt == nil || r.FailingAt.After(d.BegunAt.Add(time.Minute)) {
			return err
		}
		return s.stop(ctx, tx, sc, d.ReceiverID, Off) // nothing came through in all that time
	})
}

// stop switches a receiver off and tells OnStopped.
func (s *Service) stop(ctx context.Context, tx *store.Tx, sc authz.Scope, at id.ID, state string) error {
	was, err := s.one(ctx, tx, sc, at)
	if err != nil || was.State == state {
		return err
	}
	if err := s.put(ctx, tx, sc, at, state, "webhook.disabled"); err != nil || s.OnStopped == nil {
		return err
	}
	r := receiver(was)
	r.State = state
	return s.OnStopped(ctx, tx, sc, r)
}
