package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"lapak/internal/app"
)

// shop carries one shop out of the installation as a file, or lets one in.
func shop(ctx context.Context, args []string) error {
	slug, args, err := word(args, "--slug")
	if err != nil {
		return err
	}
	bare, args := has(args, "--without-history")
	var words []string // before the flags or after them
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		words, args = append(words, args[0]), args[1:]
	}
	o, rest, err := parse("shop", args, os.Stderr)
	if err != nil {
		return err
	}
	words = append(words, rest...)
	out := len(words) == 3 && words[0] == "export"
	if !out && (len(words) != 2 || words[0] != "import") {
		return errors.New("say what to do: lapak shop export SLUG FILE [--without-history], or lapak shop import FILE [--slug OTHER]")
	}
	a, err := app.New(ctx, o.Config, o.Logger())
	if err != nil {
		return err
	}
	defer a.Close()
	if out {
		m, err := a.ExportShop(ctx, strings.TrimPrefix(words[1], "@"), words[2], !bare)
		if err != nil {
			return a.Sentence(err)
		}
		fmt.Printf("%s is in %s.\n\n", m, words[2])
		printShop(m)
		fmt.Println("\nThe file holds personal data of customers; keep it as safe as the database.")
		return nil
	}
	b, err := a.ImportShop(ctx, words[1], strings.TrimPrefix(slug, "@"))
	if err != nil {
		return a.Sentence(err)
	}
	printShop(b.Manifest)
	fmt.Printf("\n%s came back equal: counts, sums and hashes are those of the file.\nIt is at %s/@%s\n", b.Manifest.Shop.Name, o.Base(), b.Slug)
	if b.Copy {
		fmt.Println("The original lives here too, so this one is a copy: it has an id, and ids of products, of its own, and begins a history of its own.")
	}
	fmt.Printf("\nWho opens this link within 72 hours, and signs in or signs up, becomes its owner:\n\n  %s%s\n", o.Base(), b.Handover)
	return nil
}

func printShop(m app.ShopFile) {
	counts := m.Counts()
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if counts[name] > 0 {
			fmt.Printf("%-28s %12d rows\n", name, counts[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Sums)) {
		fmt.Printf("%-28s %12d\n", "sum of "+name, m.Sums[name])
	}
	fmt.Printf("content %s\n", m.Content)
}
