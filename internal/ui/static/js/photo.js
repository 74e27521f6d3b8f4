// Makes photos small before they are sent: input[type=file][data-shrink].
// The browser turns them upright while decoding; what it cannot read is sent as it is.
"use strict";
(() => {
  const LIMIT = 200 * 1024;
  const shrink = async (file) => {
    const bmp = await createImageBitmap(file, { imageOrientation: "from-image" });
    for (const [side, quality] of [[1280, .82], [1280, .7], [1080, .62], [960, .55], [800, .5]]) {
      const k = Math.min(1, side / Math.max(bmp.width, bmp.height));
      const c = document.createElement("canvas");
      c.width = Math.round(bmp.width * k); c.height = Math.round(bmp.height * k);
      c.getContext("2d").drawImage(bmp, 0, 0, c.width, c.height);
      const blob = await new Promise((ok) => c.toBlob(ok, "image/jpeg", quality));
      if (blob && (blob.size <= LIMIT || side === 800)) return new File([blob], "foto.jpg", { type: "image/jpeg" });
    }
    return file;
  };
  const small = (f) => f.size > LIMIT || !/jpe?g/.test(f.type) ? shrink(f).catch(() => f) : f;
  window.lapakShrink = small; // for forms that are kept on the phone
  document.addEventListener("change", async (e) => {
    const inp = e.target;
    if (!inp.matches?.("input[type=file][data-shrink]") || !inp.files.length) return;
    const button = inp.form?.querySelector("button.primary, button:not([type=button])");
    if (button) button.disabled = true;
    try {
      const dt = new DataTransfer();
      for (const f of inp.files) dt.items.add(await small(f));
      inp.files = dt.files;
      const out = document.getElementById(inp.dataset.shrink);
      if (out) out.replaceChildren(...[...dt.files].map((f) => {
        const i = new Image(); i.alt = ""; i.className = "thumb"; i.src = URL.createObjectURL(f); return i;
      }));
    } finally { if (button) button.disabled = false; }
    if (inp.dataset.send !== undefined) inp.form.requestSubmit();
  });
})();
