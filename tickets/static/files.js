// @ts-check
/**
 * Files are sent one by one while the page stays as it is: what is chosen, dropped or pasted is shown
 * small and goes at once, with how much of it has gone. Without this the form sends them all together.
 */

/** Pixels of a preview. */
const SMALL = 144;

/** A queue of a form. */
class Sender {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.queue = /** @type {HTMLElement} */ (form.querySelector(".queue"));
    /** @type {{ file: File, kind: string, line: HTMLLIElement }[]} */
    this.waiting = [];
    this.busy = false;
    this.form.querySelector(".paste")?.removeAttribute("hidden");
    this.queue.hidden = false;
    this.form.querySelector("button")?.remove(); // what is chosen goes at once
    for (const input of form.querySelectorAll("input[type=file]")) {
      if (input instanceof HTMLInputElement) input.addEventListener("change", () => this.chosen(input));
    }
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** @param {HTMLInputElement} input */
  chosen(input) {
    this.take([...(input.files ?? [])]);
    input.value = "";
  }

  /** @param {File[]} files */
  take(files) {
    const kind = String(new FormData(this.form).get("kind"));
    const details = this.form.closest("details");
    if (details && files.length) details.open = true;
    for (const file of files) {
      const line = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = file.name;
      const progress = document.createElement("progress");
      progress.max = 1;
      progress.value = 0;
      progress.setAttribute("aria-label", `${this.form.dataset.sending} ${file.name}`);
      const preview = document.createElement("canvas");
      preview.width = preview.height = 0;
      preview.setAttribute("aria-hidden", "true");
      line.append(preview, name, progress);
      this.queue.append(line);
      this.waiting.push({ file, kind, line });
      void draw(file, preview);
    }
    void this.run();
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    let added = 0;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      const said = await this.send(next.file, next.kind, next.line);
      next.line.querySelector("progress")?.remove();
      const words = document.createElement("span");
      words.className = said ? "failed" : "sent";
      words.textContent = said || (this.form.dataset.sent ?? "");
      next.line.append(words);
      if (!said) added += 1;
    }
    this.busy = false;
    if (added) await refresh(this.form);
  }

  /**
   * @param {File} file
   * @param {string} kind
   * @param {HTMLElement} line
   * @returns {Promise<string>} why it was not taken; empty: it was
   */
  send(file, kind, line) {
    const failed = this.form.dataset.failed ?? "";
    return new Promise((resolve) => {
      const body = new FormData();
      body.set("kind", kind);
      body.set("file", file, file.name || "file");
      const request = new XMLHttpRequest(); // fetch does not say how much has gone
      request.open("POST", this.form.action);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRF-Token", String(new FormData(this.form).get("csrf_token")));
      request.upload.addEventListener("progress", (event) => {
        const progress = line.querySelector("progress");
        if (progress && event.total) progress.value = event.loaded / event.total;
      });
      request.addEventListener("load", () => resolve(answerOf(request, failed)));
      for (const kindOfEnd of ["error", "abort", "timeout"]) request.addEventListener(kindOfEnd, () => resolve(failed));
      request.send(body);
    });
  }
}

/**
 * @param {XMLHttpRequest} request
 * @param {string} failed
 */
function answerOf(request, failed) {
  try {
    const answer = JSON.parse(request.responseText);
    return answer.refused?.[0]?.message ?? answer.error?.message ?? (request.status < 300 ? "" : failed);
  } catch {
    return failed;
  }
}

/**
 * Draw a picture small; what the browser cannot show has none.
 * @param {File} file
 * @param {HTMLCanvasElement} canvas
 */
async function draw(file, canvas) {
  if (!file.type.startsWith("image/")) return;
  try {
    const picture = await createImageBitmap(file, { resizeWidth: SMALL, resizeQuality: "medium" });
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d")?.drawImage(picture, 0, 0);
    picture.close();
  } catch {
    // a HEIC picture, or none at all
  }
}

/**
 * Show the files as they are now; the form with what failed stays.
 * @param {HTMLFormElement} form
 */
async function refresh(form) {
  const section = form.closest("section.files");
  const add = form.closest("details");
  if (!(section instanceof HTMLElement) || !add) return;
  const answer = await fetch(section.dataset.address ?? "").catch(() => undefined);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("section.files");
  if (!(fresh instanceof HTMLElement)) return;
  for (const old of [...section.children]) if (old !== add) old.remove();
  for (const each of [...fresh.children]) if (!each.classList.contains("add")) section.insertBefore(document.adoptNode(each), add);
  for (const sent of form.querySelectorAll(".queue li:has(.sent)")) sent.remove();
  if (fresh.hasAttribute("data-enough")) for (const each of document.querySelectorAll("[data-after-photo]")) each.remove();
}

const form = document.querySelector("form[data-files]");
if (form instanceof HTMLFormElement) {
  const sender = new Sender(form);
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    sender.take(files);
  });
  const section = form.closest("section.files") ?? form;
  section.addEventListener("dragover", (event) => {
    if (!(event instanceof DragEvent) || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    section.classList.add("dropped");
  });
  section.addEventListener("dragleave", () => section.classList.remove("dropped"));
  section.addEventListener("drop", (event) => {
    section.classList.remove("dropped");
    if (!(event instanceof DragEvent) || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    sender.take([...event.dataTransfer.files]);
  });
}

/** On the page of one file the arrows lead to its neighbours. */
if (document.querySelector(".one-file")) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest("input, select, textarea")) return;
    const to = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
    const link = to && document.querySelector(`.one-file a[rel="${to}"]`);
    if (link instanceof HTMLElement) link.click();
  });
}
