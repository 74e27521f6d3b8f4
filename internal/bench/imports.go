package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"lapak/internal/id"
)

// importing bounds how long one file may take.
const importing = 10 * time.Minute

var (
	columnIn = regexp.MustCompile(`(?s)<select[^>]*name="(f\.[^"]+)".*?</select>`)
	chosenIn = regexp.MustCompile(`<option value="(\d+)"[^>]*selected`)
	pressIn  = regexp.MustCompile(`action="(/impor/[0-9a-f-]+/pelaksanaan)"`)
	stateIn  = regexp.MustCompile(`id="impor"[^>]* data-state="([a-z]+)"`)
)

// imports takes files in as an owner does: sends them, has the columns matched
// as guessed, waits until they are checked, and has them taken in.
func (b *run) imports(ctx context.Context) error {
	cookie, err := signIn(b.addr, b.o.Phone, b.o.Password)
	if err != nil {
		return err
	}
	for _, f := range []struct{ what, kind, text string }{
		{"customers", "pelanggan", customerFile(b.o.ImportRows)},
		{"order lines", "pesanan", orderFile(b.o.ImportRows)},
	} {
		most := b.server.watch()
		checked, taken, err := b.takeIn(ctx, cookie, f.kind, f.text)
		if err != nil {
			return fmt.Errorf("import %s: %w", f.what, err)
		}
		rows := float64(b.o.ImportRows)
		b.fact("import, "+f.what+" checked", rows/checked.Seconds(), "rows/s", "", false)
		b.fact("import, "+f.what+" taken in", rows/taken.Seconds(), "rows/s", "", false)
		b.fact("import, memory of the server at its most with "+f.what, float64(most())/(1<<20), "MB", "", false)
	}
	return nil
}

// takeIn does one file and says how long the checking and the taking in took.
func (b *run) takeIn(ctx context.Context, cookie, kind, text string) (checked, taken time.Duration, err error) {
	c := &client{addr: b.addr}
	defer c.close()
	began := time.Now()
	res, _, err := c.answer(send(b.addr, "/impor", cookie, map[string]string{"id": id.New().String(), "kind": kind}, text))
	if err != nil {
		return 0, 0, err
	}
	at := res.Header.Get("Location")
	if res.StatusCode != http.StatusSeeOther {
		return 0, 0, fmt.Errorf("the file is answered with %d", res.StatusCode)
	}
	body, err := c.body(plain(b.addr, at, cookie))
	if err != nil {
		return 0, 0, err
	}
	form := url.Values{"factor": {"1"}}
	for _, m := range columnIn.FindAllSubmatch(body, -1) {
		if o := chosenIn.FindSubmatch(m[0]); o != nil {
			form.Set(string(m[1]), string(o[1]))
		}
	}
	if res, _, err = c.answer(post(b.addr, at+"/kolom", cookie, form)); err != nil || res.StatusCode != http.StatusSeeOther {
		return 0, 0, errors.Join(errors.New("the columns are refused"), err)
	}
	if body, err = b.until(ctx, c, at, cookie, "checked"); err != nil {
		return 0, 0, err
	}
	checked = time.Since(began)
	press := pressIn.FindSubmatch(body)
	if press == nil {
		return 0, 0, errors.New("nothing of the file can be taken in")
	}
	began = time.Now()
	if res, _, err = c.answer(post(b.addr, string(press[1]), cookie, url.Values{})); err != nil || res.StatusCode != http.StatusSeeOther {
		return 0, 0, errors.Join(errors.New("the taking in is refused"), err)
	}
	_, err = b.until(ctx, c, at, cookie, "done")
	return checked, time.Since(began), err
}

// until waits for the state of a file.
func (b *run) until(ctx context.Context, c *client, at, cookie, want string) ([]byte, error) {
	for end := time.Now().Add(importing); time.Now().Before(end) && ctx.Err() == nil; settle(ctx, 50*time.Millisecond) {
		body, err := c.body(plain(b.addr, at, cookie))
		if err != nil {
			return nil, err
		}
		m := stateIn.FindSubmatch(body)
		switch {
		case m == nil:
			return nil, errors.New("the page of the file does not say how far it is")
		case string(m[1]) == want:
			return body, nil
		case string(m[1]) == "failed", string(m[1]) == "cancelled":
			return nil, fmt.Errorf("the file is %s", m[1])
		}
	}
	return nil, errors.Join(fmt.Errorf("the file is not %s after %s", want, importing), ctx.Err())
}

// send writes a request that sends a form with a file.
func send(host, path, cookie string, fields map[string]string, file string) []byte {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		_ = w.WriteField(name, value)
	}
	part, _ := w.CreateFormFile("file", "berkas.csv") // to memory: it cannot fail
	_, _ = part.Write([]byte(file))
	_ = w.Close()
	b := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sCookie: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		path, host, browser, cookie, w.FormDataContentType(), body.Len())
	return append(b, body.Bytes()...)
}

func customerFile(rows int) string {
	var b strings.Builder
	b.WriteString("nama,no_hp,catatan\n")
	for n := range rows {
		fmt.Fprintf(&b, "Pelanggan %d,0813%08d,Suka yang pedas\n", n, n)
	}
	return b.String()
}

// orderFile has orders of three lines, each customer with some of them.
func orderFile(rows int) string {
	var b strings.Builder
	b.WriteString("no_pesanan,waktu,status,sku,nama_produk,jumlah,harga_satuan,nama,telepon\n")
	for n := range rows {
		order := n / 3
		at := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(order) * time.Minute)
		fmt.Fprintf(&b, "LAMA-%d,%s,Selesai,K%d,Keripik %d,%d,%d,Pembeli %d,0814%08d\n", order, at.Format(time.RFC3339), n%50, n%50, 1+n%3, 10_000+n%50*500, order%500, order%500)
	}
	return b.String()
}
