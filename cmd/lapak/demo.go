package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lapak/internal/app"
	"lapak/internal/demo"
)

// mark is kept in the data folder: which demo lies there, and whether it is whole.
type mark struct {
	Form       string `json:"form"`
	DB         string `json:"db"`
	Businesses int    `json:"businesses"`
	Orders     int    `json:"orders"`
	Seed       uint64 `json:"seed"`
	Made       string `json:"made,omitempty"` // when; empty: not whole
}

func markOf(o *options) mark {
	db := sha256.Sum256([]byte(o.DSN())) // it may hold a password
	return mark{Form: demo.Form(), DB: hex.EncodeToString(db[:8]), Businesses: o.businesses, Orders: o.orders, Seed: o.seed}
}

// demonstrate serves an installation full of sample data. It is made in the
// data folder at the first start and used again at the next.
func demonstrate(ctx context.Context, args []string) error {
	o, rest, err := parse("demo", args, os.Stderr)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("unexpected %q", rest[0])
	}
	began := time.Now()
	log := o.Logger()
	slog.SetDefault(log)
	if err := os.MkdirAll(o.Data, 0o700); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	doors, err := o.Open() // a port in use is told before anything is made
	if err != nil {
		return err
	}
	defer doors.Close()
	out := os.Stdout
	want := markOf(o)
	whole, err := ready(o, want)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Demo Lapak: data contoh di %s\n", o.Data)
	a, err := app.New(ctx, o.Config, log)
	if err != nil {
		return err
	}
	defer a.Close()
	m, err := demo.New(demo.Parts{
		DB: a.DB, Accounts: a.Accounts, Orders: a.Orders, Parcels: a.Parcels, Directory: a.Directory, Vouchers: a.Vouchers, Keys: a.Keys,
	}, demo.Size{Businesses: o.businesses, Orders: o.orders, Seed: o.seed}, time.Now())
	if err != nil {
		return err
	}
	bar := &bar{out: out, began: began}
	if !whole {
		m.Step = func(text string) { bar.line("  %5.1f s  %s", time.Since(began).Seconds(), text) }
		m.Progress = bar.show
		if err := m.Prepare(ctx); err != nil {
			return fmt.Errorf("make the demo: %w", err)
		}
		bar.end()
	}
	key, err := m.Key(ctx)
	if err != nil {
		return fmt.Errorf("make the demo's key: %w", err)
	}
	introduce(out, o, m, key, whole, time.Since(began))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx, doors) }()
	if !whole {
		err := m.Fill(ctx)
		switch {
		case err == nil:
			bar.end()
			fmt.Fprintf(out, "Riwayat 12 bulan lengkap: %d baris dalam %.0f detik. Ctrl+C menghentikan.\n", m.Rows(), time.Since(began).Seconds())
			want.Made = time.Now().UTC().Format(time.RFC3339)
			if err := want.write(o); err != nil {
				return err
			}
		case ctx.Err() == nil:
			stop()
			return errors.Join(fmt.Errorf("fill the demo: %w", err), <-served)
		}
	}
	return <-served
}

func (m mark) write(o *options) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write the mark: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.Data, "demo.json"), b, 0o600); err != nil {
		return fmt.Errorf("write the mark: %w", err)
	}
	return nil
}

// ready reports whether the demo that is wanted lies in the data folder
// already. A demo of other settings, or one that was not finished, makes room
// for the new one; anything else is left alone.
func ready(o *options, want mark) (bool, error) {
	var have mark
	raw, err := os.ReadFile(filepath.Join(o.Data, "demo.json"))
	marked := err == nil && json.Unmarshal(raw, &have) == nil
	made := have.Made
	have.Made = ""
	if marked && made != "" && have == want {
		return true, nil
	}
	if o.DB == "" {
		file := strings.TrimPrefix(o.DSN(), "sqlite:")
		if _, err := os.Stat(file); err == nil && !marked {
			return false, fmt.Errorf("%s holds data that is no demo; name another folder with --data", o.Data)
		}
		for _, more := range []string{"", "-wal", "-shm", "-journal"} {
			if err := os.Remove(file + more); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, fmt.Errorf("make room for the demo: %w", err)
			}
		}
	}
	return false, want.write(o)
}

// introduce prints where to look and who to be.
func introduce(out io.Writer, o *options, m *demo.Maker, key string, whole bool, took time.Duration) {
	shops, orders := m.Counts()
	base := o.Base()
	how := "dibuat"
	if whole {
		how = "dipakai lagi"
	}
	fmt.Fprintf(out, "\n%d usaha di 27 kabupaten dan kota Jawa Barat, %s dalam %.1f detik", shops, how, took.Seconds())
	if !whole {
		fmt.Fprintf(out, "; %d pesanan, riwayat lama diisi sambil jalan", orders)
	}
	fmt.Fprintf(out, ".\n\n  Direktori   %s/\n  Toko        %s/@%s\n  Produk      %s/@%s/p/%s\n  Masuk       %s/masuk\n\n",
		base, base, m.Showcase(), base, m.Showcase(), m.Good(), base)
	for _, l := range m.Logins() {
		second := ""
		if l.Second {
			second = "+ kode"
		}
		fmt.Fprintf(out, "  %-28s %-16s %s  %s\n", l.Role, l.Name, l.Phone.Local(), second)
	}
	fmt.Fprintf(out, "\n  Kata sandi semuanya: %s\n  PIN karyawan di HP bersama (/pin, setelah HP didaftarkan pemilik di /karyawan): %s\n", demo.Password, demo.PIN)
	fmt.Fprintf(out, "  API: %s/api/docs, kunci untuk %s: %s\n", base, m.Showcase(), key)
	fmt.Fprintf(out, "  Kode dua langkah: masukkan kunci %s ke aplikasi autentikator; kode sekarang: %s\n\n", demo.Seed, demo.Code(time.Now()))
}

// bar shows how far the orders have come, on one line of the console.
type bar struct {
	sync.Mutex
	out   *os.File
	began time.Time
	last  time.Time
	open  bool
}

func (b *bar) line(format string, args ...any) {
	b.end()
	fmt.Fprintf(b.out, format+"\n", args...)
}

// show draws the bar, at most ten times a second; where the output is no
// console, a line every ten seconds.
func (b *bar) show(done, total int64) {
	b.Lock()
	defer b.Unlock()
	wait, end := 100*time.Millisecond, ""
	if !console(b.out) {
		wait, end = 10*time.Second, "\n"
	}
	if now := time.Now(); now.Sub(b.last) < wait && done < total {
		return
	}
	b.last = time.Now()
	full := int(done * 30 / max(1, total))
	took := time.Since(b.began).Seconds()
	fmt.Fprintf(b.out, "\r  [%s%s] %3d %%  %d/%d pesanan  %.0f/detik %s", strings.Repeat("#", full), strings.Repeat(".", 30-full), done*100/max(1, total), done,
		total, float64(done)/took, end)
	b.open = end == ""
}

func (b *bar) end() {
	b.Lock()
	defer b.Unlock()
	if b.open {
		fmt.Fprintln(b.out)
	}
	b.open = false
}

func console(f *os.File) bool {
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}
