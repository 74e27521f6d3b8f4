package outbox

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lapak/internal/account"
	"lapak/internal/authz"
	"lapak/internal/blob"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/outbox/outboxdb"
	"lapak/internal/store"
)

// Service takes acts and answers them.
type Service struct {
	db       *store.DB
	q        outboxdb.Queries
	people   *account.Service
	blobs    *blob.Service
	handlers map[string]Handler
	links    map[string]func(object id.ID) string
}

// New makes the service. The slices above register their kinds before it is used.
func New(db *store.DB, people *account.Service, blobs *blob.Service) *Service {
	return &Service{db: db, people: people, blobs: blobs, handlers: map[string]Handler{}, links: map[string]func(id.ID) string{}}
}

// Register says how acts of a kind are done. The word of the kind is
// "outbox.kind." and its name.
func (s *Service) Register(kind string, h Handler) {
	if s.handlers[kind] != nil {
		panic("outbox: two handlers of " + kind)
	}
	s.handlers[kind] = h
}

// Link says where the object of a kind's acts is shown.
func (s *Service) Link(kind string, path func(object id.ID) string) { s.links[kind] = path }

// Kinds lists the kinds that have a handler.
func (s *Service) Kinds() []string { return slices.Sorted(maps.Keys(s.handlers)) }

// Take answers one act. The same act sent again has the same answer; what it
// does is done once. An error means that there is no answer yet: the phone
// keeps the act, unless it is ErrForm's.
func (s *Service) Take(ctx context.Context, sc authz.Scope, in Sent) (Receipt, error) {
	if err := sc.Can(authz.SignedIn); err != nil {
		return Receipt{}, err
	}
	if in.Person != sc.Actor {
		return Receipt{}, ErrPerson
	}
	if err := in.Validate(); err != nil {
		return Receipt{}, err
	}
	if in.Business != sc.Business {
		return s.elsewhere(ctx, sc, in)
	}
	hash := in.hash()
	in.At = truth(in.At, in.Clock, s.db.Now())
	var r outboxdb.OutboxAct
	err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
		r, err = s.find(ctx, tx, sc.Business, in.ID)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Receipt{}, err
	}
	if err == nil && (State(r.State) != Parked || r.BodyHash != hash) { // answered before: no need to look at its photo
		return again(r, hash)
	}
	var pic *blob.Picture
	bad := "" // why its photo is none
	if len(in.Picture) > 0 && err != nil {
		p, perr := s.blobs.ReadPrivate(ctx, bytes.NewReader(in.Picture))
		switch f := fault.Of(perr); {
		case perr == nil:
			pic = &p
		case f.HasKind(fault.Invalid):
			bad = f.Key
		default:
			return Receipt{}, perr
		}
	}
	out, err := s.answer(ctx, sc, in.ID, func(tx *store.Tx) (outboxdb.OutboxAct, error) { return s.keep(ctx, tx, sc, in, hash, pic, bad) })
	if err != nil {
		return Receipt{}, err
	}
	if out.State != Parked {
		// What else waited is done by the job if it is not now: this act has its answer.
		_, _ = s.follow(ctx, sc, in.Person, in.Device, atOnce)
	}
	return out, nil
}

// again is the answer to what came before.
func again(r outboxdb.OutboxAct, hash string) (Receipt, error) {
	if r.BodyHash != hash {
		return Receipt{ID: r.ID, State: Refused, Fault: ErrOther}, nil
	}
	return receipt(r), nil
}

// elsewhere answers an act that was not made for the business for which the
// person acts. Where they still belong to it they have to go there first. An
// act of somebody who left is kept, for the owner to see, if their phone was
// known there.
func (s *Service) elsewhere(ctx context.Context, sc authz.Scope, in Sent) (Receipt, error) {
	list, err := s.people.Memberships(ctx, sc.Actor)
	if err != nil {
		return Receipt{}, err
	}
	if slices.ContainsFunc(list, func(m account.Membership) bool { return m.Business == in.Business }) {
		return Receipt{}, ErrBusiness
	}
	sc.Business, sc.Membership, sc.Role, sc.Perms = in.Business, id.ID{}, authz.Person, nil
	hash := in.hash()
	in.At = truth(in.At, in.Clock, s.db.Now())
	out := Receipt{ID: in.ID, State: Refused, Fault: ErrEnded}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		out = Receipt{ID: in.ID, State: Refused, Fault: ErrEnded}
		n, err := s.q.Phones(ctx, tx, outboxdb.PhonesParams{BusinessID: in.Business, PersonID: in.Person, DeviceID: in.Device})
		if err != nil || n == 0 {
			return err
		}
		r, err := s.keep(ctx, tx, sc, in, hash, nil, "")
		if err != nil {
			return err
		}
		if State(r.State) != Parked || r.BodyHash != hash {
			out, err = again(r, hash)
			return err
		}
		return s.write(ctx, tx, r, &out)
	})
	return out, err
}

func (s *Service) find(ctx context.Context, tx *store.Tx, business, act id.ID) (outboxdb.OutboxAct, error) {
	r, err := s.q.Act(ctx, tx, outboxdb.ActParams{BusinessID: business, ID: act})
	if errors.Is(err, sql.ErrNoRows) {
		return r, ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read act: %w", err)
	}
	return r, nil
}

// keep holds the phone and returns the act's row, made if it was not there. bad
// is why its photo cannot be read, for which it is refused when its turn comes.
func (s *Service) keep(ctx context.Context, tx *store.Tx, sc authz.Scope, in Sent, hash string, pic *blob.Picture, bad string) (outboxdb.OutboxAct, error) {
	if err := s.hold(ctx, tx, in.Business, in.Person, in.Device); err != nil {
		return outboxdb.OutboxAct{}, err
	}
	r, err := s.find(ctx, tx, in.Business, in.ID)
	if !errors.Is(err, ErrNotFound) {
		return r, err
	}
	p := outboxdb.InsertActParams{
		BusinessID: in.Business, ID: in.ID, PersonID: in.Person, MembershipID: sc.Membership, ByPin: sc.ByPIN, DeviceID: in.Device,
		AfterID: in.After.Null(), Kind: in.Kind, ObjectID: in.Object.Null(), At: in.At, ReceivedAt: tx.Now, BodyHash: hash, Body: string(in.Body), Seen: string(in.Seen), Fault: bad,
	}
	if pic != nil {
		photo, err := s.blobs.PutPrivate(ctx, tx, sc, "outbox", in.ID, *pic)
		if err != nil {
			return r, err
		}
		p.PhotoID = photo.ID.Null()
	}
	if err := s.q.InsertAct(ctx, tx, p); err != nil {
		return r, fmt.Errorf("insert act: %w", err)
	}
	if err := s.sweepLater(ctx, tx, sc, tx.Now.Add(sweepStep)); err != nil {
		return r, err
	}
	return s.find(ctx, tx, in.Business, in.ID)
}

func (s *Service) hold(ctx context.Context, tx *store.Tx, business, person, device id.ID) error {
	if err := s.q.Hold(ctx, tx, outboxdb.HoldParams{BusinessID: business, PersonID: person, DeviceID: device, Now: tx.Now}); err != nil {
		return fmt.Errorf("hold the phone: %w", err)
	}
	return nil
}

// attempt is what a handler said, apart from what went wrong around it.
type attempt struct{ err error }

func (a attempt) Error() string { return a.err.Error() }
func (a attempt) Unwrap() error { return a.err }

// answer runs the handler of an act whose turn it is, in one transaction with
// its answer. What a handler refuses is undone whole, so the refusal has a
// transaction of its own. get holds the phone and reads the row.
func (s *Service) answer(ctx context.Context, sc authz.Scope, act id.ID, get func(*store.Tx) (outboxdb.OutboxAct, error)) (Receipt, error) {
	out := Receipt{ID: act}
	run := func(said error) error {
		return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			r, err := get(tx)
			if err != nil {
				return err
			}
			out = receipt(r)
			if State(r.State) != Parked {
				return nil
			}
			if ready, err := s.ready(ctx, tx, r); err != nil || !ready {
				return err
			}
			if said == nil && r.Fault != "" {
				return s.refuse(ctx, tx, r, faultOf(r.Fault, ""), &out)
			}
			if said == nil {
				as, err := s.rights(ctx, tx, sc, r)
				if err == nil {
					err = s.handle(ctx, tx, as, r, false)
				}
				if err != nil {
					return attempt{err}
				}
				out = Receipt{ID: r.ID, State: Done}
				return s.write(ctx, tx, r, &out)
			}
			return s.refuse(ctx, tx, r, said, &out)
		})
	}
	err := run(nil)
	if a, ok := errors.AsType[attempt](err); ok && verdict(a.err) {
		err = run(a.err)
	}
	return out, err
}

// verdict reports whether an error of a handler is an answer: what is only out
// of order for the moment, or a mistake of ours, is not.
func verdict(err error) bool {
	if _, ok := errors.AsType[Clash](err); ok {
		return true
	}
	f := fault.Of(err)
	return f != nil && !f.HasKind(fault.Unavailable, fault.TooMany, fault.Unauthenticated)
}

// rights is who acts: the sender, or in a job whoever made the act, with what
// they may do now.
func (s *Service) rights(ctx context.Context, tx *store.Tx, sc authz.Scope, r outboxdb.OutboxAct) (authz.Scope, error) {
	if sc.Role != authz.Machine {
		return sc, nil
	}
	as, ok, err := s.people.Rights(ctx, tx, authz.Scope{
		Actor: r.PersonID, Membership: r.MembershipID, Business: r.BusinessID, ByPIN: r.ByPin, Now: tx.Now, Request: sc.Request,
	})
	if err == nil && !ok {
		err = ErrEnded
	}
	return as, err
}

// ready reports whether the act before r was answered.
func (s *Service) ready(ctx context.Context, tx *store.Tx, r outboxdb.OutboxAct) (bool, error) {
	if r.AfterID == nil {
		return true, nil
	}
	n, err := s.q.Passed(ctx, tx, outboxdb.PassedParams{BusinessID: r.BusinessID, ID: *r.AfterID, PersonID: r.PersonID, DeviceID: r.DeviceID})
	if err != nil {
		return false, fmt.Errorf("look at the act before: %w", err)
	}
	return n > 0, nil
}

func (s *Service) handle(ctx context.Context, tx *store.Tx, sc authz.Scope, r outboxdb.OutboxAct, forced bool) error {
	h := s.handlers[r.Kind]
	if h == nil {
		return ErrKind
	}
	return h(ctx, tx, sc, Act{
		ID: r.ID, Person: r.PersonID, Device: r.DeviceID, After: id.Or(r.AfterID), Kind: r.Kind, Object: id.Or(r.ObjectID), At: r.At,
		Body: json.RawMessage(r.Body), Seen: json.RawMessage(r.Seen), Photo: id.Or(r.PhotoID), Forced: forced,
	})
}

// refuse writes what a handler said against an act.
func (s *Service) refuse(ctx context.Context, tx *store.Tx, r outboxdb.OutboxAct, said error, out *Receipt) error {
	if c, ok := errors.AsType[Clash](said); ok {
		*out = Receipt{ID: r.ID, State: Clashed}
		return s.write(ctx, tx, r, out, c)
	}
	*out = Receipt{ID: r.ID, State: Refused, Fault: plain(fault.Of(said))}
	return s.write(ctx, tx, r, out)
}

// write notes the answer, and leaves a job for the acts that waited for it.
func (s *Service) write(ctx context.Context, tx *store.Tx, r outboxdb.OutboxAct, out *Receipt, sides ...Clash) error {
	p := outboxdb.AnswerParams{State: string(out.State), Chosen: r.Chosen, Now: &tx.Now, BusinessID: r.BusinessID, ID: r.ID, Was: r.State}
	if out.Fault != nil {
		p.Fault, p.FaultArgs = out.Fault.Key, text(out.Fault.Args)
	}
	for _, c := range sides {
		p.Mine, p.Theirs = text(c.Mine), text(c.Theirs)
	}
	n, err := s.q.Answer(ctx, tx, p)
	if err != nil {
		return fmt.Errorf("note the answer: %w", err)
	}
	if n == 0 {
		return ErrAnswered // another server was faster, under another phone's row: it cannot be
	}
	return s.wake(ctx, tx, r)
}

// wake puts in the job that does what waited for an act.
func (s *Service) wake(ctx context.Context, tx *store.Tx, r outboxdb.OutboxAct) error {
	n, err := s.q.Waiting(ctx, tx, outboxdb.WaitingParams{BusinessID: r.BusinessID, PersonID: r.PersonID, DeviceID: r.DeviceID, AfterID: r.ID.Null()})
	if err != nil {
		return fmt.Errorf("count what waits: %w", err)
	}
	if n == 0 {
		return nil
	}
	return s.putNext(ctx, tx, r.BusinessID, r.PersonID, r.DeviceID)
}

func (s *Service) putNext(ctx context.Context, tx *store.Tx, business, person, device id.ID) error {
	return job.Put(ctx, tx, authz.Job(business), next{person, device}, job.Unique("outbox.next:"+person.String()+device.String()))
}

// follow does the parked acts of a phone whose turn has come, one transaction
// each, and reports whether it stopped before their end.
func (s *Service) follow(ctx context.Context, sc authz.Scope, person, device id.ID, most int) (more bool, err error) {
	for {
		var list []id.ID
		err := s.db.View(ctx, sc, func(tx *store.Tx) (err error) {
			list, err = s.q.Ready(ctx, tx, outboxdb.ReadyParams{BusinessID: sc.Business, PersonID: person, DeviceID: device, Most: atOnce})
			return err
		})
		if err != nil {
			return false, fmt.Errorf("list what is ready: %w", err)
		}
		if len(list) == 0 {
			return false, nil
		}
		for _, act := range list {
			if most--; most < 0 {
				return true, nil
			}
			_, err := s.answer(ctx, sc, act, func(tx *store.Tx) (outboxdb.OutboxAct, error) {
				if err := s.hold(ctx, tx, sc.Business, person, device); err != nil {
					return outboxdb.OutboxAct{}, err
				}
				return s.find(ctx, tx, sc.Business, act)
			})
			if err != nil {
				return false, err
			}
		}
	}
}

func receipt(r outboxdb.OutboxAct) Receipt {
	out := Receipt{ID: r.ID, State: State(r.State)}
	if out.State == Refused {
		out.Fault = faultOf(r.Fault, r.FaultArgs)
	}
	return out
}

// plain is the one sentence of a fault: of a form's, that of its first field.
func plain(f *fault.Error) *fault.Error {
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		return f.Fields[name]
	}
	return f
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("outbox: a value as JSON: %v", err)) // words and their arguments always have a form
	}
	return string(b)
}

// faultOf is a fault as it was kept; nil if there was none.
func faultOf(key, args string) *fault.Error {
	if key == "" {
		return nil
	}
	return fault.New(fault.Invalid, key, arguments(args)...)
}

// arguments reads the arguments of a sentence; whole numbers stay whole.
func arguments(kept string) []any {
	var list []any
	d := json.NewDecoder(bytes.NewReader([]byte(kept)))
	d.UseNumber()
	_ = d.Decode(&list) // emptied: the sentence goes without
	for i, v := range list {
		if n, ok := v.(json.Number); ok {
			if whole, err := n.Int64(); err == nil {
				list[i] = whole
			} else {
				list[i] = n.String()
			}
		}
	}
	return list
}
