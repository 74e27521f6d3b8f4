package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lapak/internal/authz"
	"lapak/internal/backup"
	"lapak/internal/id"
	"lapak/internal/order"
	"lapak/internal/parcel"
	"lapak/internal/store/storetest"
)

// scribes reads the code of a package for what it writes in the audit log.
type scribes struct {
	t       *testing.T
	fset    *token.FileSet
	funcs   []*ast.FuncDecl
	passes  map[string]int // the functions that hand a parameter on as the act, and which one
	acts    map[string]string
	fields  map[string]string
	unknown map[string]bool
}

func (s *scribes) note(call *ast.CallExpr) int {
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok && x.Name == "audit" {
			if f.Sel.Name == "Note" || f.Sel.Name == "Refuse" {
				return 3
			}
			return -1
		}
		if at, ok := s.passes[f.Sel.Name]; ok {
			return at
		}
	case *ast.Ident:
		if at, ok := s.passes[f.Name]; ok {
			return at
		}
	}
	return -1
}

// resolve finds what the act may be: words, and words with a star for what is
// not known before the program runs.
func (s *scribes) resolve(e ast.Expr, in *ast.FuncDecl) (list []string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		word, _ := strconv.Unquote(e.Value)
		return []string{word}
	case *ast.BinaryExpr:
		var out string
		for _, side := range []ast.Expr{e.X, e.Y} {
			if lit, ok := side.(*ast.BasicLit); ok {
				word, _ := strconv.Unquote(lit.Value)
				out += word
			} else if b, ok := side.(*ast.BinaryExpr); ok {
				out += s.resolve(b, in)[0]
			} else {
				out += "*"
			}
		}
		return []string{out}
	case *ast.Ident:
		at := 0
		for _, p := range in.Type.Params.List {
			for _, name := range p.Names {
				if name.Name == e.Name {
					s.passes[in.Name.Name] = at
					return nil
				}
				at++
			}
		}
		ast.Inspect(in.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for i, l := range n.Lhs {
					if x, ok := l.(*ast.Ident); ok && x.Name == e.Name && len(n.Lhs) == len(n.Rhs) {
						list = append(list, s.resolve(n.Rhs[i], in)...)
					}
				}
			}
			return true
		})
	}
	if len(list) == 0 {
		s.unknown[s.fset.Position(e.Pos()).String()] = true
	}
	return list
}

func (s *scribes) read(dir string) {
	s.funcs, s.passes = nil, map[string]int{}
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
				s.funcs = append(s.funcs, fn)
			}
		}
	}
	for before := -1; before < len(s.passes); {
		before = len(s.passes)
		for _, fn := range s.funcs {
			gathers := false // it fills a diff in steps: words named first in its calls and rows are fields
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				lit, ok := n.(*ast.CompositeLit)
				gathers = gathers || ok && auditType(lit.Type, "Diff") && len(lit.Elts) == 0
				return true
			})
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					if _, local := n.Fun.(*ast.Ident); local && gathers && len(n.Args) == 3 {
						s.field(n.Args[0])
					}
					if at := s.note(n); at >= 0 && at < len(n.Args) {
						for _, act := range s.resolve(n.Args[at], fn) {
							s.acts[act] = s.fset.Position(n.Pos()).String()
						}
					}
				case *ast.CompositeLit:
					s.diff(n)
					if gathers && n.Type == nil && len(n.Elts) == 3 {
						s.field(n.Elts[0])
					}
					if _, table := n.Type.(*ast.MapType); table && gathers {
						for _, e := range n.Elts {
							s.field(e.(*ast.KeyValueExpr).Key)
						}
					}
				case *ast.AssignStmt:
					s.change(n)
				}
				return true
			})
		}
	}
}

func auditType(e ast.Expr, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == "audit"
}

// diff takes the fields of audit.Diff{"field": …}.
func (s *scribes) diff(lit *ast.CompositeLit) {
	if !auditType(lit.Type, "Diff") {
		return
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			s.field(kv.Key)
		}
	}
}

// change takes the field of d["field"] = audit.Change{…}.
func (s *scribes) change(a *ast.AssignStmt) {
	for i, l := range a.Lhs {
		x, ok := l.(*ast.IndexExpr)
		if !ok || i >= len(a.Rhs) {
			continue
		}
		if lit, ok := a.Rhs[i].(*ast.CompositeLit); ok && auditType(lit.Type, "Change") {
			s.field(x.Index)
		}
		if call, ok := a.Rhs[i].(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "change" {
				s.field(x.Index)
			}
		}
	}
}

func (s *scribes) field(e ast.Expr) {
	if lit, ok := e.(*ast.BasicLit); ok {
		name, _ := strconv.Unquote(lit.Value)
		s.fields[name] = s.fset.Position(e.Pos()).String()
	}
}

// Whatever is written in the audit log has words, so that nobody reads the
// names that the program has for it.
func TestEveryActHasWords(t *testing.T) {
	t.Parallel()
	site := newSite(t, storetest.SQLite(t))
	words := site.Words
	s := &scribes{t: t, fset: token.NewFileSet(), acts: map[string]string{}, fields: map[string]string{}, unknown: map[string]bool{}}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != "audit" {
			s.read(filepath.Join("..", path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for at := range s.unknown {
		t.Errorf("%s: this test cannot tell which act is written", at)
	}
	stars := map[string][]string{
		"haul.*":          {"haul.asked", "haul.ended", "haul.accepted", "haul.refused"},
		"haul.manifest_*": {"haul.manifest_sent", "haul.manifest_received"},
		"backup.asked_*":  {"backup.asked_backup", "backup.asked_drill"},
		"backup.*_*":      {},
		"order.*":         {},
		"parcel.*":        {"parcel.track", "parcel.make"},
		"export.*":        {},
	}
	for _, k := range []backup.Kind{backup.Backup, backup.Drill} {
		for _, st := range []backup.State{backup.Done, backup.Failed} {
			stars["backup.*_*"] = append(stars["backup.*_*"], "backup."+string(k)+"_"+string(st))
		}
	}
	for _, a := range order.Acts() {
		stars["order.*"] = append(stars["order.*"], "order."+string(a))
	}
	for _, a := range parcel.Acts {
		stars["parcel.*"] = append(stars["parcel.*"], "parcel."+string(a))
	}
	for _, out := range site.Exchange.Outs(authz.Scope{Actor: id.New(), Business: id.New(), Role: authz.Owner}) {
		stars["export.*"] = append(stars["export.*"], "export."+out.Name)
	}
	shape := regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)
	need := map[string]string{}
	for act, at := range s.acts {
		list, open := stars[act]
		delete(stars, act)
		if !open {
			list = []string{act}
		}
		for _, a := range list {
			if !shape.MatchString(a) {
				t.Errorf("%s: %q is no name of an act", at, a)
			}
			need[a] = at
		}
	}
	if len(need) < 100 || len(stars) > 0 {
		t.Fatalf("void: %d acts found; not found: %v", len(need), slices.Sorted(maps.Keys(stars)))
	}
	for _, a := range slices.Sorted(maps.Keys(need)) {
		if !words.Has("audit.verb." + a) {
			t.Errorf("%s: no words for %s", need[a], a)
		}
	}
	if len(s.fields) < 70 {
		t.Fatalf("void: only %d fields found", len(s.fields))
	}
	for _, f := range slices.Sorted(maps.Keys(s.fields)) {
		if !words.Has("audit.field." + f) {
			t.Errorf("%s: no words for the field %s", s.fields[f], f)
		}
	}
}
