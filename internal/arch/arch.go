// Package arch holds the tree to the rules of docs/architecture.md: who may
// import whom, what only one package may do, and how large a file may grow.
package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Layers is the order of packages: the number of the line of the table on
// which each stands.
type Layers map[string]int

var row = regexp.MustCompile(`^([a-z0-9]+(?: [a-z0-9]+)*)(?:\s{2,}.*)?$`)

// ReadLayers reads the table that follows the heading "## Layers".
func ReadLayers(doc string) (Layers, error) {
	_, after, ok := strings.Cut(doc, "\n## Layers\n")
	if !ok {
		return nil, fmt.Errorf("no heading Layers")
	}
	parts := strings.SplitN(after, "```", 3)
	if len(parts) < 3 {
		return nil, fmt.Errorf("no table under Layers")
	}
	layers := Layers{}
	for n, line := range strings.Split(strings.TrimSpace(parts[1]), "\n") {
		m := row.FindStringSubmatch(strings.TrimRight(line, " "))
		if m == nil {
			return nil, fmt.Errorf("layer %d cannot be read: %q", n+1, line)
		}
		for _, name := range strings.Fields(m[1]) {
			if _, twice := layers[name]; twice {
				return nil, fmt.Errorf("%s stands twice", name)
			}
			layers[name] = n
		}
	}
	return layers, nil
}

const (
	module   = "lapak/"
	internal = module + "internal/"
	maxLines = 500
)

// clocks are the packages that may ask for the time themselves; all others
// take it from their transaction or their scope.
var clocks = []string{"store", "job", "web", "id", "app", "demo", "bench"}

// reviewed are the files that may write unescaped HTML.
var reviewed = []string{}

// File is a source file of the tree.
type File struct {
	Path string // from the root, with slashes
	Text string
}

func (f File) pkg() string { return path.Dir(f.Path) }

// slice is the part below internal that a package belongs to, and what it is there.
func slice(pkg string) (name, sub string) {
	rest, ok := strings.CutPrefix(pkg, "internal/")
	if !ok {
		return "", pkg
	}
	name, sub, _ = strings.Cut(rest, "/")
	return name, sub
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// Check returns every rule that the file breaks.
func Check(f File, layers Layers) []string {
	var out []string
	bad := func(format string, args ...any) {
		out = append(out, f.Path+": "+fmt.Sprintf(format, args...))
	}
	if strings.HasSuffix(f.Path, ".templ") {
		checkTemplate(f, bad)
		return out
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, f.Path, f.Text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		bad("cannot be read: %v", err)
		return out
	}
	test := strings.HasSuffix(f.Path, "_test.go")
	made := generated.MatchString(f.Text)
	if !test {
		checkImports(f, tree, layers, bad)
	}
	if made {
		return out
	}
	if n := strings.Count(f.Text, "\n"); n > maxLines {
		bad("%d lines; %d are enough", n, maxLines)
	}
	checkWords(f, bad)
	if !test {
		checkCalls(f, tree, bad)
	}
	return out
}

func checkImports(f File, tree *ast.File, layers Layers, bad func(string, ...any)) {
	name, sub := slice(f.pkg())
	if name == "arch" {
		return
	}
	if _, known := layers[name]; name != "" && !known {
		bad("package %s is not in the table of layers", name)
		return
	}
	for _, spec := range tree.Imports {
		to := strings.Trim(spec.Path.Value, `"`)
		if !strings.HasPrefix(to, module) {
			continue
		}
		target, part := slice(strings.TrimPrefix(to, module))
		pages := strings.HasSuffix(part, "web")
		switch {
		case target == name && name != "":
			if strings.HasSuffix(sub, "db") || sub == "" && pages {
				bad("rules do not know pages: %s", to)
			}
		case strings.HasSuffix(part, "db"):
			bad("queries belong to their slice alone: %s", to)
		case part == "storetest" || part == "webtest" || part == "browsertest":
			if !strings.HasSuffix(sub, "test") {
				bad("only tests import %s", to)
			}
		case name == "": // cmd
			if target != "app" && target != "demo" && target != "bench" {
				bad("commands go through app, demo and bench, not %s", to)
			}
		case pages && name != "app":
			bad("pages import no other pages: %s", to)
		case strings.HasSuffix(sub, "web"): // pages may call any service
			if layers[target] >= layers["app"] {
				bad("%s lies below", to)
			}
		case layers[target] >= layers[name] && !(name == "app" && target == "demo" || name == "demo" && target == "app"):
			bad("%s does not stand above %s in the table of layers", target, name)
		}
	}
}

var (
	todo    = regexp.MustCompile(`\b(?:TODO|FIXME|XXX)\b(?:\(#\d+\))?`)
	rawHTML = regexp.MustCompile(`\btempl\.(?:Raw|SafeCSS|UnsafeCSS)\b|\btemplate\.(?:HTML|JS|CSS|URL)\b`)
	safeURL = regexp.MustCompile(`templ\.SafeURL\(\s*([^)]{0,40})`)
	ownPath = regexp.MustCompile("^(?:[\"`][/#?]|fmt\\.Sprintf\\([\"`][/#?])")
	inline  = regexp.MustCompile(`<script(?:\s+[^>]*)?>|\sstyle=|\son[a-z]+=|<style`)
	script  = regexp.MustCompile(`<script\s[^>]*(?:src=|type="application/ld\+json")`)
)

func checkWords(f File, bad func(string, ...any)) {
	if name, _ := slice(f.pkg()); name == "arch" {
		return
	}
	for _, m := range todo.FindAllString(f.Text, -1) {
		if !strings.Contains(m, "(#") {
			bad("%s without the number of an issue", m)
		}
	}
	if m := rawHTML.FindString(f.Text); m != "" && !slices.Contains(reviewed, f.Path) {
		bad("%s writes what is not escaped", m)
	}
}

func checkTemplate(f File, bad func(string, ...any)) {
	if n := strings.Count(f.Text, "\n"); n > maxLines {
		bad("%d lines; %d are enough", n, maxLines)
	}
	checkWords(f, bad)
	name, _ := slice(f.pkg())
	for _, m := range safeURL.FindAllStringSubmatch(f.Text, -1) {
		if name != "ui" && !ownPath.MatchString(m[1]) {
			bad("templ.SafeURL(%s...: only paths of our own need no cleaning; pass the string itself", m[1])
		}
	}
	for _, m := range inline.FindAllString(f.Text, -1) {
		if !script.MatchString(m) {
			bad("%s: the pages' policy allows no script or style inside them", strings.TrimSpace(m))
		}
	}
}

// only says which packages may call what.
var only = []struct {
	pkg   string
	names []string
	in    []string
	why   string
}{
	{"time", []string{"Now", "Since", "Until"}, clocks, "time comes from the transaction or the scope"},
	{"sql", []string{"DB", "Open", "OpenDB", "Conn", "Tx", "BeginTx"}, []string{"store"}, "only store sees the database"},
	{"http", []string{"Error", "DefaultClient", "Get", "Post"}, []string{"web", "app"}, "return the error; outside calls go through outbound"},
	{"os", []string{"Getenv", "LookupEnv"}, []string{"app", "store", "defect"}, "settings are read once, at the start"},
}

func checkCalls(f File, tree *ast.File, bad func(string, ...any)) {
	name, sub := slice(f.pkg())
	if name == "" || name == "arch" || sub == "gen" {
		return
	}
	imported := map[string]string{}
	for _, spec := range tree.Imports {
		p := strings.Trim(spec.Path.Value, `"`)
		local := path.Base(p)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		imported[local] = p
	}
	known := map[string]string{"time": "time", "sql": "database/sql", "http": "net/http", "os": "os"}
	ast.Inspect(tree, func(n ast.Node) bool {
		if fn, ok := n.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
			bad("init hides what happens at the start")
		}
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		for _, o := range only {
			if imported[x.Name] == known[o.pkg] && slices.Contains(o.names, sel.Sel.Name) && !slices.Contains(o.in, name) && !strings.HasSuffix(sub, "test") {
				bad("%s.%s: %s", o.pkg, sel.Sel.Name, o.why)
			}
		}
		return true
	})
}

// Undocumented returns the packages none of whose hand-written files begins
// with a sentence on what the package is for.
func Undocumented(files []File) []string {
	documented, seen := map[string]bool{}, map[string]bool{}
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".go") || strings.HasSuffix(f.Path, "_test.go") || generated.MatchString(f.Text) {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Text, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			continue
		}
		seen[f.pkg()] = true
		doc := tree.Doc.Text()
		if strings.HasPrefix(doc, "Package "+tree.Name.Name+" ") || tree.Name.Name == "main" && strings.HasPrefix(doc, "Command ") {
			documented[f.pkg()] = true
		}
	}
	var out []string
	for p := range seen {
		if !documented[p] {
			out = append(out, p+": the package has no doc")
		}
	}
	slices.Sort(out)
	return out
}

var gathered = regexp.MustCompile(`(?m)^var (Invariants|Words)\b`)

// Forgotten returns what slices offer for all of the program and app does not
// take: invariants that nobody checks, words that nobody loads.
func Forgotten(files []File) []string {
	var app strings.Builder
	for _, f := range files {
		if f.pkg() == "internal/app" && !strings.HasSuffix(f.Path, "_test.go") {
			app.WriteString(f.Text)
		}
	}
	var out []string
	for _, f := range files {
		if strings.HasSuffix(f.Path, "_test.go") || f.pkg() == "internal/app" {
			continue
		}
		for _, m := range gathered.FindAllStringSubmatch(f.Text, -1) {
			if name := path.Base(f.pkg()) + "." + m[1]; !strings.Contains(app.String(), name) {
				out = append(out, f.Path+": app does not take "+name)
			}
		}
	}
	slices.Sort(out)
	return out
}
