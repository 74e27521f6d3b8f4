// A courier's run: what was done without a signal stands on the page at once,
// the change is reckoned, and the place is noted. The page works without it.
"use strict";
(() => {
  const all = (sel, root) => (root || document).querySelectorAll(sel);
  const rupiah = (n) => "Rp" + String(n).replace(/\B(?=(\d{3})+$)/g, ".");
  const sum = (s) => Number(String(s || "").replace(/\D/g, ""));

  // Change for what the receiver gave.
  for (const p of all("[data-change]")) {
    const field = p.closest("form").querySelector('[name="amount"]'), due = Number(p.dataset.due);
    const reckon = () => {
      const back = sum(field.value) - due;
      p.hidden = back <= 0;
      p.textContent = p.hidden ? "" : p.dataset.change.replace("{0}", rupiah(back));
    };
    field.addEventListener("input", reckon);
    reckon();
  }

  // Where the phone is, if its owner lets the page know; nothing waits for it.
  const spots = all("[data-spot]");
  if (spots.length && navigator.geolocation) {
    navigator.geolocation.getCurrentPosition(({ coords: c }) => {
      for (const p of spots) {
        const form = p.closest("form"), put = (name, v) => { form.elements[name].value = Math.round(v); };
        put("lat_e6", c.latitude * 1e6); put("lng_e6", c.longitude * 1e6); put("accuracy", Math.min(c.accuracy, 100000));
        p.textContent = p.dataset.spot.replace("{0}", Math.round(c.accuracy));
        p.hidden = false;
      }
    }, () => {}, { enableHighAccuracy: true, maximumAge: 60e3, timeout: 20e3 });
  }

  // After a stop comes the run again.
  document.addEventListener("outbox:kept", (e) => {
    const next = e.target.dataset.next;
    if (next) location.assign(next);
  });

  // What waits on this phone is done for who looks at the run.
  const me = document.querySelector('meta[name="lapak-person"]');
  if (!me || !window.idb || !document.querySelector("[data-left]")) return;
  const show = async () => {
    const db = await idb.openDB("lapak-outbox");
    const acts = db.objectStoreNames.contains("acts") ? await db.getAll("acts") : [];
    db.close();
    let taken = 0;
    const last = new Map();
    for (const a of acts) {
      if (a.person !== me.content || a.business !== me.dataset.business || a.failed || !a.kind.startsWith("parcel.")) continue;
      last.set(a.object, a);
      if (a.kind === "parcel.deliver" && a.body.method !== "qris") taken += sum(a.body.amount);
    }
    for (const stop of all("[data-stop]")) {
      const act = last.get(stop.dataset.stop);
      let tag = stop.querySelector("[data-on-phone]");
      if (act && !tag) {
        tag = Object.assign(document.createElement("p"), { className: "badge warn", textContent: stop.dataset.word });
        tag.dataset.onPhone = "";
        stop.append(tag);
      }
      if (!act && tag) tag.remove();
      stop.classList.toggle("waits", !!act);
    }
    const left = document.querySelector("[data-left]");
    left.dataset.said ||= left.textContent;
    const waits = document.querySelectorAll("[data-stop].waits").length; // done, for who stands at the next door
    left.textContent = left.dataset.said.replace(/\d+/, (n) => Math.max(0, n - waits));
    const held = document.querySelector("[data-held]");
    held.hidden = !taken;
    held.textContent = taken ? held.dataset.held.replace("{0}", rupiah(taken)) : "";
  };
  let timer;
  document.addEventListener("outbox:answered", () => { // the server's page knows more, when all is through
    clearTimeout(timer);
    timer = setTimeout(() => { if (navigator.onLine) location.reload(); }, 1500);
  });
  show().catch(() => {});
})();
