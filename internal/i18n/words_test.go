package i18n_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lapak/internal/i18n"
)

// Where the program asks for a word, by the key as it stands there.
var uses = []*regexp.Regexp{
	regexp.MustCompile(`\b[tT]\((?:r\.Context\(\)|ctx|c), "([a-z0-9_.]+)"[,)]`),
	regexp.MustCompile(`\.Say\([^"\n]*"([a-z0-9_.]+)"[,)]`),
	regexp.MustCompile(`fault\.New\([^"\n]*"([a-z0-9_.]+)"[,)]`),
	regexp.MustCompile(`\.Check\(.*"([a-z0-9_]+\.[a-z0-9_.]+)"(?:, [^"\n]*)?\)$`),
	regexp.MustCompile(`Flash(?:Undo)?\(w, r, (?:[^\n]*, )?"([a-z0-9_]+\.[a-z0-9_.]+)"[,)]`),
}

// tree is the folder of all packages.
const tree = ".."

func words(t *testing.T) (*i18n.Catalogue, []string) {
	t.Helper()
	var files []fs.FS
	var sources []string
	err := filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "i18n"):
			return filepath.SkipDir
		case d.Name() == i18n.ID+".json":
			files = append(files, os.DirFS(filepath.Dir(path)))
		case strings.HasSuffix(path, ".templ"), strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, "_templ.go"):
			sources = append(sources, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := i18n.Load(files...)
	if err != nil {
		t.Errorf("words: %v", err)
	}
	if c == nil {
		t.Fatal("no words")
	}
	return c, sources
}

// Every word that a page, a fault or a message asks for is there in both languages.
func TestEveryWordIsThere(t *testing.T) {
	c, sources := words(t)
	found := 0
	for _, path := range sources {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(raw), "\n") {
			for _, use := range uses {
				for _, m := range use.FindAllStringSubmatch(strings.TrimRight(line, " \t"), -1) {
					found++
					if !c.Has(m[1]) {
						t.Errorf("%s:%d: no words for %q", path, n+1, m[1])
					}
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d uses were found: the search is broken", found)
	}
}

var hole = regexp.MustCompile(`\{\d\}`)

// Both languages fill the same holes; the form for one may leave out the number.
func TestLanguagesFillTheSameHoles(t *testing.T) {
	c, _ := words(t)
	for _, k := range c.Keys() {
		holes := func(lang string) []string {
			h := hole.FindAllString(c.Say(lang, k), -1)
			slices.Sort(h)
			return slices.Compact(h)
		}
		a, b := holes(i18n.ID), holes(i18n.EN)
		if strings.HasSuffix(k, ".one") {
			continue
		}
		if !slices.Equal(a, b) {
			t.Errorf("%s: Indonesian has %v, English %v", k, a, b)
		}
	}
}
