// Lets the owner allow news on this phone: button[data-push] with data-key and data-to.
"use strict";
(() => {
  const b = document.querySelector("[data-push]");
  if (!b || !("PushManager" in window)) return;
  const bytes = (s) => Uint8Array.from(atob(s.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const send = (sub) => fetch(b.dataset.to, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(sub) });
  const box = b.closest("[data-push-box]") || b;
  (async () => {
    const reg = await navigator.serviceWorker.ready;
    const have = await reg.pushManager.getSubscription();
    if (have && Notification.permission === "granted") { box.hidden = true; send(have); return; }
    if (Notification.permission === "denied") return;
    box.hidden = false;
    b.addEventListener("click", async () => {
      if (await Notification.requestPermission() !== "granted") return;
      const sub = await reg.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(b.dataset.key) });
      const r = await send(sub);
      if (r.ok) box.hidden = true;
    });
  })().catch(() => {});
})();
