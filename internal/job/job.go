// Package job does later what a change asks for: a job is a row, written in
// the transaction of the change, and is done at least once after its commit.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lapak/internal/authz"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job/jobdb"
	"lapak/internal/store"
)

// Args are what a job is told: ids, no personal data. They are kept as JSON.
type Args interface {
	// Kind names the sort of job, such as "mail.send". It is called on the
	// zero value too, and never changes once jobs of it may wait somewhere.
	Kind() string
}

// Faults of jobs.
var (
	// ErrLost: the lease ended, and another worker may do the job now.
	ErrLost = fault.New(fault.Conflict, "job.lost")
	// ErrNotFound: there is no such dead job.
	ErrNotFound = fault.New(fault.NotFound, "job.not_found")
)

const (
	lease    = 60 * time.Second // of one try
	limit    = 55 * time.Second // a handler's context ends before its lease does
	lifetime = 72 * time.Hour   // after which a failing job is dead
	first    = 10 * time.Second // pause after the first failure; it doubles
	maxArgs  = 4096
	topic    = "job"
)

type options struct {
	at     time.Time
	unique string
}

// Option changes how a job waits.
type Option func(*options)

// At lets the job wait until t.
func At(t time.Time) Option { return func(o *options) { o.at = t } }

// Unique keeps one waiting job of this kind, business and key; the earlier due
// time counts. Once a worker has taken the job, another may be put, so that a
// change made while it runs is not missed.
func Unique(key string) Option { return func(o *options) { o.unique = key } }

var q jobdb.Queries

// Put writes a job of sc's business in the caller's transaction.
func Put(ctx context.Context, tx *store.Tx, sc authz.Scope, a Args, opts ...Option) error {
	o := options{at: tx.Now}
	for _, opt := range opts {
		opt(&o)
	}
	b, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("job %s: arguments: %w", a.Kind(), err)
	}
	if len(b) > maxArgs {
		return fmt.Errorf("job %s: %d bytes of arguments; pass ids", a.Kind(), len(b))
	}
	row := jobdb.PutParams{
		BusinessID: sc.Business, ID: id.New(), Kind: a.Kind(), Args: string(b),
		DueAt: o.at.UTC(), GiveUpAt: o.at.UTC().Add(lifetime), CreatedAt: tx.Now,
	}
	if o.unique != "" {
		row.UniqueKey = &o.unique
	}
	if err := q.Put(ctx, tx, row); err != nil {
		return fmt.Errorf("put job %s: %w", a.Kind(), err)
	}
	if !o.at.After(tx.Now) {
		tx.Signal(topic)
	}
	return nil
}

type heldKey struct{}

// held is the lease under which a handler runs.
type held struct {
	business, job id.ID
	fence         int64
	finished      *bool
}

// Hold fails with ErrLost unless the handler that ctx belongs to still has its
// lease. A handler calls it in each transaction that must not be a late one's.
func Hold(ctx context.Context, tx *store.Tx) error {
	h, ok := ctx.Value(heldKey{}).(held)
	if !ok {
		return errors.New("job: Hold outside of a handler")
	}
	n, err := q.Held(ctx, tx, jobdb.HeldParams{BusinessID: h.business, ID: h.job, Fence: h.fence})
	if err != nil {
		return fmt.Errorf("hold job: %w", err)
	}
	if n == 0 {
		return ErrLost
	}
	return nil
}

// Finish ends the job in the handler's own transaction, so that what that
// transaction does is done exactly once. It fails with ErrLost if the lease is
// another's by now.
func Finish(ctx context.Context, tx *store.Tx) error {
	h, ok := ctx.Value(heldKey{}).(held)
	if !ok {
		return errors.New("job: Finish outside of a handler")
	}
	n, err := q.Finish(ctx, tx, jobdb.FinishParams{BusinessID: h.business, ID: h.job, Fence: h.fence})
	if err != nil {
		return fmt.Errorf("finish job: %w", err)
	}
	if n == 0 {
		return ErrLost
	}
	tx.AfterCommit(func() { *h.finished = true })
	return nil
}

// Letter is a dead job: one that failed for three days.
type Letter struct {
	Business  id.ID
	ID        id.ID
	Kind      string
	Tries     int64
	CreatedAt time.Time
	DeadAt    time.Time
	Error     string
}

// Dead lists the newest dead jobs of the scope's business, or of all of them
// for who runs the installation.
func Dead(ctx context.Context, db *store.DB, sc authz.Scope, limit int) ([]Letter, error) {
	if err := mayRetry(sc); err != nil {
		return nil, err
	}
	var out []Letter
	err := db.View(ctx, sc, func(tx *store.Tx) error {
		out = nil
		if sc.Business.IsZero() {
			rows, err := q.DeadAll(ctx, tx, int32(limit))
			for _, r := range rows {
				out = append(out, letter(jobdb.DeadOfRow(r)))
			}
			return err
		}
		rows, err := q.DeadOf(ctx, tx, jobdb.DeadOfParams{BusinessID: sc.Business, Max: int32(limit)})
		for _, r := range rows {
			out = append(out, letter(r))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list dead jobs: %w", err)
	}
	return out, nil
}

func letter(r jobdb.DeadOfRow) Letter {
	l := Letter{Business: r.BusinessID, ID: r.ID, Kind: r.Kind, Tries: r.Tries, CreatedAt: r.CreatedAt}
	if r.DeadAt != nil {
		l.DeadAt = *r.DeadAt
	}
	if r.LastError != nil {
		l.Error = *r.LastError
	}
	return l
}

// Retry gives a dead job another three days, beginning now. business is the
// letter's; a scope bound to a business reaches only its own.
func Retry(ctx context.Context, db *store.DB, sc authz.Scope, business, job id.ID) error {
	if err := mayRetry(sc); err != nil {
		return err
	}
	if !sc.Business.IsZero() && sc.Business != business {
		return ErrNotFound
	}
	return db.Tx(ctx, sc, func(tx *store.Tx) error {
		n, err := q.Retry(ctx, tx, jobdb.RetryParams{Now: tx.Now, GiveUpAt: tx.Now.Add(lifetime), BusinessID: business, ID: job})
		if err != nil {
			return fmt.Errorf("retry job: %w", err)
		}
		if n == 0 {
			return ErrNotFound
		}
		tx.Signal(topic)
		return nil
	})
}

func mayRetry(sc authz.Scope) error {
	if sc.Business.IsZero() {
		return sc.Can(authz.RunInstallation)
	}
	return sc.Can(authz.EditShop)
}
