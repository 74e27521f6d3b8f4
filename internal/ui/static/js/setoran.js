// The two phones of a hand-over of money. The receiver's page makes the code
// for what was counted, with the keys that it brought, also without signal;
// the giver's page makes its mark anew when the sum is changed. Both as the
// server does: internal/cash/code.go.
"use strict";
(() => {
  const text = (s) => new TextEncoder().encode(s);
  const rupiah = (s) => Number(String(s).replace(/\D/g, "")) || 0;
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ";
  const stamp = (form) => form.addEventListener("submit", () => { form.elements.at.value = new Date().toISOString(); });

  const code = async (key, giver, amount, mark) => {
    const raw = Uint8Array.from(atob(key), (c) => c.charCodeAt(0));
    const k = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const sum = new DataView(await crypto.subtle.sign("HMAC", k, text(`${giver}|${amount}|${mark}`)));
    return String(sum.getUint32(0) % 1e6).padStart(6, "0");
  };

  const receiver = document.querySelector("form[data-keys]");
  if (receiver) {
    const box = document.getElementById("kode"), out = box.querySelector("output"), old = document.getElementById("kode-lama");
    const keys = Object.fromEntries(receiver.dataset.keys.split(" ").map((k) => [k.slice(0, 10), k.slice(11)]));
    const show = async () => {
      const e = receiver.elements, mark = e.mark.value.toUpperCase().replace(/[^A-Z]/g, "");
      const today = new Date(Date.now() + 7 * 36e5).toISOString().slice(0, 10), key = keys[today];
      const whole = e.giver.value && rupiah(e.amount.value) > 0 && mark.length === 6;
      old.hidden = !!key;
      box.hidden = !(whole && key);
      out.textContent = box.hidden ? "" : await code(key, e.giver.value, rupiah(e.amount.value), mark);
    };
    if (window.crypto?.subtle) { receiver.addEventListener("input", show); show(); }
    stamp(receiver);
  }

  const giver = document.querySelector("form[data-boxes]");
  if (giver) {
    const e = giver.elements, mark = document.getElementById("tanda"), qr = document.getElementById("tanda-qr");
    e.amount.addEventListener("input", async () => {
      if (!window.crypto?.subtle) return;
      const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", text(`${e.id.value}|${rupiah(e.amount.value)}|${giver.dataset.boxes}`)));
      e.mark.value = mark.textContent = [...sum.slice(0, 6)].map((b) => letters[b % letters.length]).join("");
      if (qr) qr.hidden = true;
    });
    if (window.crypto?.subtle) e.amount.readOnly = false;
    stamp(giver);
  }
})();
