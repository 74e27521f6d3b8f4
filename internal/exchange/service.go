package exchange

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"lapak/internal/audit"
	"lapak/internal/authz"
	"lapak/internal/exchange/exchangedb"
	"lapak/internal/fault"
	"lapak/internal/id"
	"lapak/internal/job"
	"lapak/internal/sheet"
	"lapak/internal/store"
)

// State is where an import stands.
type State string

// The states, in their order; the last three are ends.
const (
	Uploading State = "uploading"
	Uploaded  State = "uploaded" // its columns are to be mapped
	Checking  State = "checking"
	Checked   State = "checked" // who uploaded it sees what would happen
	Taking    State = "taking"
	Done      State = "done"
	Cancelled State = "cancelled"
	Failed    State = "failed"
)

// Over reports whether nothing happens any more.
func (s State) Over() bool { return s == Done || s == Cancelled || s == Failed }

// Working reports whether a job is at it.
func (s State) Working() bool { return s == Checking || s == Taking }

// keepFor is how long a file waits for its owner, and how long the count of
// what it did is shown after.
const (
	keepFor = 24 * time.Hour
	keepLog = 30 * 24 * time.Hour
)

// Import is a file that is taken in.
type Import struct {
	ID       id.ID
	Kind     string
	Format   sheet.Format
	Bytes    int64
	State    State
	Header   []string
	Samples  [][]string
	Mapping  Mapping
	How      How
	Total    int64 // rows, once the file was looked through
	Rows     int64 // that are done
	New      int64 // things, not rows
	Changed  int64
	Same     int64
	Bad      int64 // rows
	Problems []Problem
	Trouble  *fault.Error // why it failed
	Person   id.ID
	At       time.Time

	headerRow int
	doneLine  int64
}

// Service takes tables in and gives them out.
type Service struct {
	db    *store.DB
	q     exchangedb.Queries
	kinds []Kind
	outs  []Out

	// Zone is that of a business, in which times without one are read and written.
	Zone func(ctx context.Context, business id.ID) *time.Location
}

// New makes the service of these kinds, in the order in which pages show them.
func New(db *store.DB, kinds []Kind, outs []Out) *Service {
	return &Service{db: db, kinds: kinds, outs: outs}
}

// Kinds lists what the scope may take in.
func (s *Service) Kinds(sc authz.Scope) (out []Kind) {
	for _, k := range s.kinds {
		if sc.May(k.Verb()) {
			out = append(out, k)
		}
	}
	return out
}

// Kind is the kind of a name, if the scope may take it in.
func (s *Service) Kind(sc authz.Scope, name string) (Kind, error) {
	i := slices.IndexFunc(s.kinds, func(k Kind) bool { return k.Name() == name })
	if i < 0 {
		return nil, ErrKind.On("kind")
	}
	return s.kinds[i], sc.Can(s.kinds[i].Verb())
}

func (s *Service) zone(ctx context.Context, business id.ID) *time.Location {
	if s.Zone != nil {
		if z := s.Zone(ctx, business); z != nil {
			return z
		}
	}
	return time.FixedZone("WIB", 7*3600)
}

// Upload keeps a file and guesses what its columns hold. The id is made with
// the form, so that sending it twice keeps one file. A file that is no table,
// or one over the limits, is a fault.
func (s *Service) Upload(ctx context.Context, sc authz.Scope, file id.ID, kind string, body io.ReaderAt, size int64) (Import, error) {
	k, err := s.Kind(sc, kind)
	if err != nil {
		return Import{}, err
	}
	if file.IsZero() {
		return Import{}, fault.New(fault.Invalid, "form.stale")
	}
	r, err := sheet.Open(ctx, body, size, sheet.InJob)
	if err != nil {
		return Import{}, onFile(err)
	}
	rows, err := r.Peek(headRows + 3)
	if err = errors.Join(err, r.Close()); err != nil {
		return Import{}, onFile(err)
	}
	n, m, ok := head(k, rows)
	if !ok {
		return Import{}, ErrHeader.On("file")
	}
	i := Import{
		ID: file, Kind: kind, Format: r.Format, Bytes: size, State: Uploaded, Header: rows[n].Cells, Mapping: m, How: How{Factor: 1}, Person: sc.Actor, headerRow: n,
	}
	if f, ok := k.(Former); ok {
		if format, m, ok := f.Form(i.Header); ok {
			i.How.Format, i.Mapping = format, m
		}
	}
	for _, row := range rows[n+1 : min(len(rows), n+4)] {
		i.Samples = append(i.Samples, row.Cells)
	}
	fresh := false
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		kept, err := s.q.KeptMapping(ctx, tx, exchangedb.KeptMappingParams{BusinessID: sc.Business, Kind: kind, Fingerprint: fingerprint(i.Header)})
		if err == nil {
			i.Mapping = nil
			err = json.Unmarshal([]byte(kept), &i.Mapping)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("read mapping: %w", err)
		}
		n, err := s.q.InsertImport(ctx, tx, exchangedb.InsertImportParams{
			BusinessID: sc.Business, ID: file, Kind: kind, Format: string(r.Format), Bytes: size, State: string(Uploading), Header: text(i.Header), HeaderRow: int64(i.headerRow),
			Samples: text(i.Samples), Mapping: text(i.Mapping), How: text(i.How), PersonID: sc.Actor, Now: tx.Now,
		})
		if err != nil {
			return fmt.Errorf("insert import: %w", err)
		}
		if fresh = n > 0; !fresh {
			return nil
		}
		return job.Put(ctx, tx, sc, sweep{}, job.At(tx.Now.Add(keepFor+time.Minute)), job.Unique("sweep"))
	})
	if err != nil || !fresh {
		if err == nil {
			return s.Get(ctx, sc, file)
		}
		return Import{}, err
	}
	buf := make([]byte, part)
	for n := int64(0); n*part < size; n++ {
		c, err := body.ReadAt(buf[:min(part, size-n*part)], n*part)
		if err != nil && !errors.Is(err, io.EOF) {
			return Import{}, fmt.Errorf("read upload: %w", err)
		}
		err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
			return s.q.InsertPart(ctx, tx, exchangedb.InsertPartParams{BusinessID: sc.Business, ImportID: file, N: n, Content: buf[:c]})
		})
		if err != nil {
			return Import{}, fmt.Errorf("keep part %d: %w", n, err)
		}
	}
	err = s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.move(ctx, tx, sc, file, Uploading, Uploaded, nil); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "import.uploaded", file, audit.Diff{"kind": {To: kind}})
	})
	return i, err
}

func onFile(err error) error {
	if f := fault.Of(err); f != nil {
		return f.On("file")
	}
	return err
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("exchange: %v", err)) // plain values of ours
	}
	return string(b)
}

// move moves an import from one state to another; ErrState if it is elsewhere.
func (s *Service) move(ctx context.Context, tx *store.Tx, sc authz.Scope, file id.ID, from, to State, trouble *fault.Error) error {
	why := ""
	if trouble != nil {
		why = text(keptFault{trouble.Key, trouble.Args})
	}
	n, err := s.q.SetState(ctx, tx, exchangedb.SetStateParams{
		BusinessID: sc.Business, ID: file, State: string(to), Was: string(from), Trouble: why, Now: tx.Now,
	})
	if err != nil {
		return fmt.Errorf("move import: %w", err)
	}
	if n == 0 {
		return ErrState
	}
	return nil
}

// keptFault is a fault as it is kept with an import.
type keptFault struct {
	Key  string
	Args []any
}

type keptProblem struct {
	Line  int
	Field string
	Fault keptFault
}

// Get returns an import of the scope's business.
func (s *Service) Get(ctx context.Context, sc authz.Scope, file id.ID) (i Import, err error) {
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		r, err := s.q.GetImport(ctx, tx, exchangedb.GetImportParams{BusinessID: sc.Business, ID: file})
		if errors.Is(err, sql.ErrNoRows) {
			return ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read import: %w", err)
		}
		i, err = importOf(r)
		return err
	})
	if err != nil {
		return Import{}, err
	}
	_, err = s.Kind(sc, i.Kind)
	return i, err
}

// List returns the newest imports that the scope may see.
func (s *Service) List(ctx context.Context, sc authz.Scope) (out []Import, err error) {
	err = s.db.View(ctx, sc, func(tx *store.Tx) error {
		out = nil
		rows, err := s.q.ListImports(ctx, tx, exchangedb.ListImportsParams{BusinessID: sc.Business, Most: 20})
		if err != nil {
			return fmt.Errorf("list imports: %w", err)
		}
		for _, r := range rows {
			i, err := importOf(r)
			if err != nil {
				return err
			}
			if _, err := s.Kind(sc, i.Kind); err == nil {
				out = append(out, i)
			}
		}
		return nil
	})
	return out, err
}

func importOf(r exchangedb.Import) (Import, error) {
	i := Import{
		ID: r.ID, Kind: r.Kind, Format: sheet.Format(r.Format), Bytes: r.Bytes, State: State(r.State), Total: r.Total, Rows: r.RowsDone, New: r.Fresh, Changed: r.Changed,
		Same: r.Same, Bad: r.Bad, Person: r.PersonID, At: r.CreatedAt, headerRow: int(r.HeaderRow), doneLine: r.DoneLine,
	}
	var problems []keptProblem
	var trouble keptFault
	for from, to := range map[string]any{r.Header: &i.Header, r.Samples: &i.Samples, r.Mapping: &i.Mapping, r.How: &i.How, r.Problems: &problems, r.Trouble: &trouble} {
		if from == "" {
			continue
		}
		if err := json.Unmarshal([]byte(from), to); err != nil {
			return i, fmt.Errorf("read import: %w", err)
		}
	}
	for _, p := range problems {
		i.Problems = append(i.Problems, Problem{p.Line, p.Field, fault.New(fault.Invalid, p.Fault.Key, p.Fault.Args...)})
	}
	if trouble.Key != "" {
		i.Trouble = fault.New(fault.Invalid, trouble.Key, trouble.Args...)
	}
	return i, nil
}

// Map keeps which column holds which field, for this file and the next one
// with the same columns, and has every row checked. factor is what sums of money
// are multiplied by.
func (s *Service) Map(ctx context.Context, sc authz.Scope, file id.ID, m Mapping, factor int64, source string) error {
	i, err := s.Get(ctx, sc, file)
	if err != nil {
		return err
	}
	k, err := s.Kind(sc, i.Kind)
	if err != nil {
		return err
	}
	if err := m.judge(k, len(i.Header)); err != nil {
		return err
	}
	if factor < 1 || factor > 1_000_000 {
		return fault.New(fault.Invalid, "form.between", 1, 1_000_000).On("factor")
	}
	how := How{Factor: factor, Source: source, Format: i.How.Format}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.alone(ctx, tx, sc, file); err != nil {
			return err
		}
		n, err := s.q.Plan(ctx, tx, exchangedb.PlanParams{BusinessID: sc.Business, ID: file, Mapping: text(m), How: text(how), State: string(Checking), Now: tx.Now})
		if err != nil {
			return fmt.Errorf("plan import: %w", err)
		}
		if n == 0 {
			return ErrState
		}
		if err := s.q.KeepMapping(ctx, tx, exchangedb.KeepMappingParams{
			BusinessID: sc.Business, Kind: i.Kind, Fingerprint: fingerprint(i.Header), Mapping: text(m), Now: tx.Now,
		}); err != nil {
			return fmt.Errorf("keep mapping: %w", err)
		}
		return job.Put(ctx, tx, sc, work{File: file}, job.Unique(file.String()))
	})
}

// alone lets one file of a shop be at work at a time.
func (s *Service) alone(ctx context.Context, tx *store.Tx, sc authz.Scope, file id.ID) error {
	n, err := s.q.Working(ctx, tx, exchangedb.WorkingParams{BusinessID: sc.Business, ID: file})
	if err != nil {
		return fmt.Errorf("count imports: %w", err)
	}
	if n > 0 {
		return ErrBusy
	}
	return nil
}

// Take begins to take the good rows of a checked file in.
func (s *Service) Take(ctx context.Context, sc authz.Scope, file id.ID) error {
	i, err := s.Get(ctx, sc, file)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		if err := s.alone(ctx, tx, sc, file); err != nil {
			return err
		}
		n, err := s.q.Restart(ctx, tx, exchangedb.RestartParams{BusinessID: sc.Business, ID: file, State: string(Taking), Now: tx.Now})
		if err != nil {
			return fmt.Errorf("begin import: %w", err)
		}
		if n == 0 {
			return ErrState
		}
		if err := job.Put(ctx, tx, sc, work{File: file}, job.Unique(file.String())); err != nil {
			return err
		}
		return audit.Note(ctx, tx, sc, "import.begun", file, audit.Diff{"kind": {To: i.Kind}})
	})
}

// Cancel stops an import. What is in stays in.
func (s *Service) Cancel(ctx context.Context, sc authz.Scope, file id.ID) error {
	i, err := s.Get(ctx, sc, file)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, sc, func(tx *store.Tx) error {
		for _, from := range []State{i.State, Uploaded, Checking, Checked, Taking} {
			if from.Over() {
				return ErrState
			}
			switch err := s.move(ctx, tx, sc, file, from, Cancelled, nil); {
			case err == nil:
				if err := s.q.DeleteParts(ctx, tx, exchangedb.DeletePartsParams{BusinessID: sc.Business, ImportID: file}); err != nil {
					return fmt.Errorf("drop file: %w", err)
				}
				return audit.Note(ctx, tx, sc, "import.cancelled", file)
			case !errors.Is(err, ErrState):
				return err
			}
		}
		return ErrState
	})
}

// open begins to read a kept file.
func (s *Service) open(ctx context.Context, sc authz.Scope, i Import) (*sheet.Reader, error) {
	r, err := sheet.Open(ctx, &stored{ctx, s, sc, i.ID, i.Bytes, map[int64][]byte{}}, i.Bytes, sheet.InJob)
	if err != nil {
		return nil, err
	}
	k, err := s.Kind(sc, i.Kind)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	r.Exact = map[int]bool{}
	for _, f := range k.Fields() {
		if n, ok := i.Mapping[f.Key]; ok && f.Exact {
			r.Exact[n] = true
		}
	}
	return r, nil
}

func (s *Service) plan(ctx context.Context, sc authz.Scope, i Import, after int) (plan, error) {
	k, err := s.Kind(sc, i.Kind)
	if f, ok := k.(Former); ok && err == nil {
		k = f.As(i.How.Format)
	}
	i.How.Zone = s.zone(ctx, sc.Business)
	return plan{kind: k, header: i.headerRow, mapping: i.Mapping, how: i.How, after: after}, err
}
