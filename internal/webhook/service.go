package webhook

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/store"
	"lapak/internal/webhook/webhookdb"
)

// Service keeps receivers, writes events for them and sends them.
type Service struct {
	db     *store.DB
	q      webhookdb.Queries
	client *http.Client
	seals  sealer
	base   string

	// Stock reads what there is of a variant; app sets it. It returns false
	// when there is no such variant any more.
	Stock func(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) (Stock, bool, error)

	// OnStopped is told, in the transaction, of a receiver that was switched off
	// because it failed for days or wants no more. Package app sets it.
	OnStopped func(ctx context.Context, tx *store.Tx, sc authz.Scope, r Receiver) error

	lines   *lines
	mu      sync.Mutex
	warming map[id.ID]bool
}

// New makes the service. The key that seals secrets is derived from root; base
// is the address of the site.
func New(db *store.DB, client *http.Client, root []byte, base string) (*Service, error) {
	seals, err := newSealer(root)
	if err != nil {
		return nil, err
	}
	return &Service{db: db, client: client, seals: seals, base: base, lines: newLines(), warming: map[id.ID]bool{}}, nil
}

type keptKey struct{}

// target is what writing an event needs to know of a receiver.
type target struct {
	id    id.ID
	kinds map[string]bool
}

// targets are the receivers that are on, from memory: a shop that has none
// costs no statement.
func (s *Service) targets(ctx context.Context, tx *store.Tx, business id.ID) ([]target, error) {
	return store.Kept(tx, business, keptKey{}, func() ([]target, error) {
		tx.AfterCommit(func() { s.warm(business) })
		rows, err := s.q.Receivers(ctx, tx, business)
		if err != nil {
			return nil, fmt.Errorf("list receivers: %w", err)
		}
		var list []target
		for _, r := range rows {
			if r.State != On {
				continue
			}
			t := target{r.ID, map[string]bool{}}
			for k := range strings.SplitSeq(r.Kinds, ",") {
				t.kinds[k] = true
			}
			list = append(list, t)
		}
		return list, nil
	})
}

// warm is Warm beside the caller, once at a time.
func (s *Service) warm(business id.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.warming[business] {
		return
	}
	s.warming[business] = true
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = s.Warm(ctx, authz.Job(business)) // the next change tries again
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.warming, business)
	}()
}

// Warm loads into memory whom a business tells, which a transaction that
// writes must not do.
func (s *Service) Warm(ctx context.Context, sc authz.Scope) error {
	return s.db.View(ctx, sc, func(tx *store.Tx) error {
		_, err := s.targets(ctx, tx, sc.Business)
		return err
	})
}

// Emit writes an event for every receiver that asked for its kind, in the
// caller's transaction.
func (s *Service) Emit(ctx context.Context, tx *store.Tx, sc authz.Scope, e Event) error {
	list, err := s.targets(ctx, tx, sc.Business)
	if err != nil {
		return err
	}
	var to []id.ID
	for _, t := range list {
		if t.kinds[e.Kind] {
			to = append(to, t.id)
		}
	}
	return s.write(ctx, tx, sc, to, e)
}

// StockMoved writes that the stock of a variant changed. What changes within
// ten seconds becomes one event, with the figures of their end.
func (s *Service) StockMoved(ctx context.Context, tx *store.Tx, sc authz.Scope, variant id.ID) error {
	list, err := s.targets(ctx, tx, sc.Business)
	if err != nil {
		return err
	}
	for _, t := range list {
		if t.kinds[StockChanged] {
			return job.Put(ctx, tx, sc, stockJob{variant}, job.At(tx.Now.Add(settle)), job.Unique("webhook.stock:"+variant.String()))
		}
	}
	return nil
}

func (s *Service) write(ctx context.Context, tx *store.Tx, sc authz.Scope, to []id.ID, e Event) error {
	if len(to) == 0 {
		return nil
	}
	n, err := s.q.Count(ctx, tx, webhookdb.CountParams{BusinessID: sc.Business, ObjectID: e.Object, First: first(e.Object, tx.Now), At: tx.Now})
	if err != nil {
		return fmt.Errorf("number event: %w", err)
	}
	m := Message{Type: e.Kind, Timestamp: tx.Now.UTC(), Sequence: n, Data: e.Data}
	if e.Path != "" {
		m.Resource = s.base + e.Path
	}
	body, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	event := id.At(tx.Now)
	for _, r := range to {
		delivery := id.At(tx.Now)
		if err := s.q.InsertDelivery(ctx, tx, webhookdb.InsertDeliveryParams{
			BusinessID: sc.Business, ID: delivery, ReceiverID: r, EventID: event, Kind: e.Kind, Body: string(body), CreatedAt: tx.Now, DueAt: &tx.Now,
		}); err != nil {
			return fmt.Errorf("insert delivery: %w", err)
		}
		if err := job.Put(ctx, tx, sc, sendJob{delivery, 0}); err != nil {
			return err
		}
	}
	return job.Put(ctx, tx, sc, sweepJob{}, job.At(tx.Now.Add(sweepEvery)), job.Unique("webhook.sweep"))
}

const sweepEvery = 24 * time.Hour

// first is the number of the first event about an object that has none. The
// number of an old object may have been forgotten: its age in seconds is more
// than any number it can have had, so numbers only rise.
func first(object id.ID, now time.Time) int64 {
	if age := now.Sub(object.Time()); age > CountsKept-time.Hour {
		return int64(age / time.Second)
	}
	return 1
}

func mayRead(sc authz.Scope) error {
	if err := sc.Can(authz.ManageKeys); err != nil && !errors.Is(err, authz.ErrFresh) {
		return err
	}
	return nil
}

// List returns the shop's receivers.
func (s *Service) List(ctx context.Context, sc authz.Scope) ([]Receiver, error) {
	if err := mayRead(sc); err != nil {
		return nil, err
	}
	var list []Receiver
	err := s.db.View(ctx, sc, func(tx *store.Tx) error {
		list = nil
		rows, err := s.q.Receivers(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list receivers: %w", err)
		}
		for _, r := range rows {
			list = append(list, receiver(r))
		}
		return nil
	})
	return list, err
}

// Get returns a receiver and its deliveries, the newest first, beginning after
// before; next is zero on the last page.
func (s *Service) Get(ctx context.Context, sc authz.Scope, at, before id.ID) (r Receiver, list []Delivery, next id.ID, err error) {
	if err := mayRead(sc); err != nil {
		return r, nil, next, err
	}
	if before.IsZero() {
		for i := range before {
			before[i] = 0xff
		}
	}
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		list, next = nil, id.ID{}
		got, err := s.one(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		r = receiver(got)
		rows, err := s.q.Deliveries(ctx, tx, webhookdb.DeliveriesParams{BusinessID: sc.Business, ReceiverID: at, BeforeID: before, Most: PageSize + 1})
		if err != nil {
			return fmt.Errorf("list deliveries: %w", err)
		}
		for i, d := range rows {
			if i == PageSize {
				next = list[i-1].ID
				break
			}
			list = append(list, delivery(d))
		}
		return nil
	})
	return r, list, next, err
}

// Make makes a receiver and returns its secret, which is shown this once. It
// needs the owner, and a fresh proof that it is them.
func (s *Service) Make(ctx context.Context, sc authz.Scope, d Draft) (Receiver, string, error) {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return Receiver{}, "", err
	}
	d.URL, d.About = strings.TrimSpace(d.URL), strings.TrimSpace(d.About)
	if err := d.Validate(); err != nil {
		return Receiver{}, "", err
	}
	secret, sealed, err := s.seals.fresh(d.ID)
	if err != nil {
		return Receiver{}, "", err
	}
	r := Receiver{ID: d.ID, URL: d.URL, About: d.About, Kinds: d.Kinds, State: On, Secret: id.Hash(sealed)}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		rows, err := s.q.Receivers(ctx, tx, sc.Business)
		if err != nil {
			return fmt.Errorf("list receivers: %w", err)
		}
		if len(rows) >= MaxReceivers {
			return ErrMany.With(MaxReceivers)
		}
		n, err := s.q.InsertReceiver(ctx, tx, webhookdb.InsertReceiverParams{
			BusinessID: sc.Business, ID: d.ID, Url: d.URL, About: d.About, Kinds: join(d.Kinds), Sealed: sealed, CreatedAt: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert receiver: %w", err)
		}
		if n == 0 {
			return ErrTwice
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "webhook.made", d.ID)
	})
	return r, secret, err
}

// Rotate gives a receiver another secret in place of was, its Receiver.Secret,
// and returns it. For a day the old one signs too. Done twice, the second time
// is ErrTwice: the secret that a program still has goes on signing.
func (s *Service) Rotate(ctx context.Context, sc authz.Scope, at id.ID, was string) (Receiver, string, error) {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return Receiver{}, "", err
	}
	secret, sealed, err := s.seals.fresh(at)
	if err != nil {
		return Receiver{}, "", err
	}
	var r Receiver
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		old, err := s.one(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		if id.Hash(old.Sealed) != was {
			return ErrTwice
		}
		n, err := s.q.Rotate(ctx, tx, webhookdb.RotateParams{
			BusinessID: sc.Business, ID: at, Was: old.Sealed, Sealed: sealed, OldUntil: tx.Now.Add(Overlap),
		})
		if err != nil {
			return fmt.Errorf("rotate secret: %w", err)
		}
		if n == 0 {
			return ErrTwice
		}
		got, err := s.one(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		r = receiver(got)
		return audit.Note(ctx, tx, sc, "webhook.rotated", at)
	})
	return r, secret, err
}

// Pause stops a receiver: what happens meanwhile is not kept for it.
func (s *Service) Pause(ctx context.Context, sc authz.Scope, at id.ID) error {
	return s.set(ctx, sc, at, Paused, "webhook.paused")
}

// Resume lets a receiver go on, whatever stopped it.
func (s *Service) Resume(ctx context.Context, sc authz.Scope, at id.ID) error {
	return s.set(ctx, sc, at, On, "webhook.resumed")
}

func (s *Service) set(ctx context.Context, sc authz.Scope, at id.ID, state, verb string) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, _ webhookdb.WebhookReceiver) error { return s.put(ctx, tx, sc, at, state, verb) })
}

func (s *Service) put(ctx context.Context, tx *store.Tx, sc authz.Scope, at id.ID, state, verb string) error {
	n, err := s.q.SetState(ctx, tx, webhookdb.SetStateParams{BusinessID: sc.Business, ID: at, State: state})
	if err != nil || n == 0 {
		return err
	}
	tx.Touch(sc.Business)
	return audit.Note(ctx, tx, sc, verb, at)
}

// Drop deletes a receiver with its log.
func (s *Service) Drop(ctx context.Context, sc authz.Scope, at id.ID) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, _ webhookdb.WebhookReceiver) error {
		if err := s.q.DropDeliveries(ctx, tx, webhookdb.DropDeliveriesParams{BusinessID: sc.Business, ReceiverID: at}); err != nil {
			return fmt.Errorf("drop deliveries: %w", err)
		}
		if _, err := s.q.DropReceiver(ctx, tx, webhookdb.DropReceiverParams{BusinessID: sc.Business, ID: at}); err != nil {
			return fmt.Errorf("drop receiver: %w", err)
		}
		tx.Touch(sc.Business)
		return audit.Note(ctx, tx, sc, "webhook.dropped", at)
	})
}

// Try sends a test event.
func (s *Service) Try(ctx context.Context, sc authz.Scope, at id.ID) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, r webhookdb.WebhookReceiver) error {
		if r.State != On {
			return ErrNotOn
		}
		if err := s.write(ctx, tx, sc, []id.ID{at}, Event{Kind: Test, Object: at, Data: struct {
			Receiver id.ID `json:"receiver_id"`
		}{at}}); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "webhook.tested", at)
	})
}

// Resend sends a delivery again, with the same message id.
func (s *Service) Resend(ctx context.Context, sc authz.Scope, at, delivery id.ID) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, r webhookdb.WebhookReceiver) error {
		d, err := s.q.Delivery(ctx, tx, webhookdb.DeliveryParams{BusinessID: sc.Business, ID: delivery})
		if errors.Is(err, sql.ErrNoRows) || err == nil && d.ReceiverID != at {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read delivery: %w", err)
		}
		return s.again(ctx, tx, sc, r, delivery)
	})
}

// ResendFailed sends again all that failed since a time, at most a thousand.
func (s *Service) ResendFailed(ctx context.Context, sc authz.Scope, at id.ID, since time.Time) error {
	return s.change(ctx, sc, at, func(tx *store.Tx, r webhookdb.WebhookReceiver) error {
		list, err := s.q.Failed(ctx, tx, webhookdb.FailedParams{BusinessID: sc.Business, ReceiverID: at, Since: since})
		if err != nil {
			return fmt.Errorf("list failed: %w", err)
		}
		return s.again(ctx, tx, sc, r, list...)
	})
}

func (s *Service) again(ctx context.Context, tx *store.Tx, sc authz.Scope, r webhookdb.WebhookReceiver, list ...id.ID) error {
	if r.State != On {
		return ErrNotOn
	}
	for _, d := range list {
		n, err := s.q.Again(ctx, tx, webhookdb.AgainParams{BusinessID: sc.Business, ID: d, BegunAt: tx.Now, DueAt: &tx.Now})
		if err != nil {
			return fmt.Errorf("send again: %w", err)
		}
		if n == 1 { // else it is on its way
			if err := job.Put(ctx, tx, sc, sendJob{d, 0}); err != nil {
				return err
			}
		}
	}
	return audit.Note(ctx, tx, sc, "webhook.resent", r.ID)
}

func (s *Service) change(ctx context.Context, sc authz.Scope, at id.ID, fn func(*store.Tx, webhookdb.WebhookReceiver) error) error {
	if err := sc.Can(authz.ManageKeys); err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		r, err := s.one(ctx, tx, sc, at)
		if err != nil {
			return err
		}
		return fn(tx, r)
	})
}

func (s *Service) one(ctx context.Context, tx *store.Tx, sc authz.Scope, at id.ID) (webhookdb.WebhookReceiver, error) {
	r, err := s.q.Receiver(ctx, tx, webhookdb.ReceiverParams{BusinessID: sc.Business, ID: at})
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read receiver: %w", err)
	}
	return r, nil
}

func receiver(r webhookdb.WebhookReceiver) Receiver {
	return Receiver{
		ID: r.ID, URL: r.Url, About: r.About, Kinds: strings.Split(r.Kinds, ","), State: r.State, FailingAt: r.FailingAt, OldUntil: r.OldUntil, CreatedAt: r.CreatedAt,
		Secret: id.Hash(r.Sealed),
	}
}

func delivery(d webhookdb.WebhookDelivery) Delivery {
	return Delivery{
		ID: d.ID, Event: d.EventID, Kind: d.Kind, State: d.State, Tries: d.Tries, Status: d.Status, Took: time.Duration(d.TookMs) * time.Millisecond,
		Answer: d.Answer, Why: d.Why, TriedAt: d.TriedAt, DueAt: d.DueAt, CreatedAt: d.CreatedAt,
	}
}

// Invariants are what must hold of webhooks at any time.
var Invariants = []store.Invariant{
	{Name: "what waits to be sent has a time, and nothing else has", SQL: `SELECT business_id, id FROM webhook_deliveries WHERE
		(state = 'waiting' AND due_at IS NULL) OR (state <> 'waiting' AND due_at IS NOT NULL)`},
	{Name: "what waits to be sent has its job", SQL: `SELECT d.business_id, count(*) AS waiting FROM webhook_deliveries d WHERE d.state = 'waiting'
		GROUP BY d.business_id HAVING count(*) > (SELECT count(*) FROM jobs j WHERE j.business_id = d.business_id AND j.kind = 'webhook.send')`},
	{Name: "events are numbered from one", SQL: `SELECT business_id, object_id FROM webhook_counts WHERE last < 1`},
}
