// Passkeys: form[data-passkey] asks the browser for a key (data-passkey-new:
// makes one) before it is sent. data-passkey is where the question comes from.
"use strict";
(() => {
  const K = window.PublicKeyCredential;
  if (!K || !K.parseRequestOptionsFromJSON) return; // the page says so, or has another way
  for (const el of document.querySelectorAll("[data-passkey-missing]")) el.hidden = true;
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const box = form.querySelector("[data-passkey-error]"), button = form.querySelector("button");
    form.hidden = false;
    const say = (why) => { box.textContent = box.dataset[why]; box.hidden = false; };
    form.addEventListener("submit", async (e) => {
      if (form.elements.answer.value) return; // the key has answered: send it
      e.preventDefault();
      e.stopImmediatePropagation();
      box.hidden = true; button.disabled = true;
      try {
        let asked;
        try {
          const r = await fetch(form.dataset.passkey, { method: "POST" });
          if (r.status === 401 || r.status === 403) { location.reload(); return; } // proof of identity is due
          if (!r.ok) throw 0;
          asked = (await r.json()).publicKey;
        } catch { say("net"); return; }
        const fresh = "passkeyNew" in form.dataset;
        const key = fresh
          ? await navigator.credentials.create({ publicKey: K.parseCreationOptionsFromJSON(asked) })
          : await navigator.credentials.get({ publicKey: K.parseRequestOptionsFromJSON(asked) });
        form.elements.answer.value = JSON.stringify(key.toJSON());
        button.disabled = false;
        form.requestSubmit();
      } catch (err) {
        say(err.name === "InvalidStateError" ? "have" : "none");
      } finally { button.disabled = false; }
    }, true);
  }
  addEventListener("pageshow", (e) => { // back again by the arrow: ask anew
    if (e.persisted) for (const f of document.querySelectorAll("form[data-passkey]")) f.elements.answer.value = "";
  });
})();
