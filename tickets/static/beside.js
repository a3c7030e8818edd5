// @ts-check
/**
 * A ticket beside the list: on a wide screen choosing one shows it there, and the list stays where it
 * is, with its address. What is sent there is sent from there. On a narrow screen, and for whoever
 * opens a link in a new window, a link is a link.
 */

const WIDE = matchMedia("(min-width: 1200px)");
/** So long the focus rests on a ticket before it is shown, in milliseconds: who goes by wants none. */
const REST = 200;

const pane = document.getElementById("beside");
const body = document.getElementById("beside-ticket");
const away = document.getElementById("beside-away");
/** @type {AbortController} what is being asked for */
let asked = new AbortController();
/** @type {HTMLAnchorElement | null} the link of the ticket that is shown */
let shown = null;
let waiting = 0;

/** @returns {boolean} whether a ticket stands beside the list */
export function isOpen() {
  return pane !== null && !pane.hidden && WIDE.matches;
}

/** @param {Element | null | undefined} link @returns {boolean} whether it is this one's */
export function shows(link) {
  return isOpen() && shown !== null && shown === link;
}

/** @returns {boolean} whether there was something to close */
export function close() {
  if (!pane || !isOpen()) return false;
  asked.abort();
  pane.hidden = true;
  body?.replaceChildren();
  pane.closest(".inbox")?.classList.remove("with-beside");
  mark(null);
  const link = shown;
  shown = null;
  link?.focus();
  return true;
}

/** @param {HTMLAnchorElement | null} link */
function mark(link) {
  for (const row of document.querySelectorAll("tr.beside-shown")) row.classList.remove("beside-shown");
  link?.closest("tr")?.classList.add("beside-shown");
}

/** @param {HTMLAnchorElement} link */
async function show(link) {
  if (!pane || !body) return;
  shown = link;
  mark(link);
  pane.hidden = false;
  pane.closest(".inbox")?.classList.add("with-beside");
  link.closest("tr")?.scrollIntoView({ block: "nearest" });
  const address = new URL(link.href);
  address.searchParams.set("beside", "1");
  // an address may ask for a language of its own
  const language = new URLSearchParams(location.search).get("lang");
  if (language) address.searchParams.set("lang", language);
  const page = await ask(address);
  if (!page || shown !== link) return;
  body.replaceChildren(...page.body.childNodes);
  pane.scrollTop = 0;
  void renew(link);
}

/**
 * Let the ticket's row say what is so now. It stays where it is, also if the list asks for others.
 * @param {HTMLAnchorElement} link
 */
async function renew(link) {
  const row = link.closest("tr");
  const address = new URL(`${link.pathname}/row`, location.href);
  const language = new URLSearchParams(location.search).get("lang");
  if (language) address.searchParams.set("lang", language);
  const answer = await fetch(address).catch(() => null);
  if (!row || !answer?.ok) return; // the row says what was so, as the rest of the list does
  const table = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html");
  const fresh = table.querySelector("tr");
  if (!fresh) return;
  // what is ticked stays ticked, and the link, which may have the focus, the same one
  [...row.cells].forEach((cell, n) => {
    if (!cell.matches(".pick, .id")) cell.replaceWith(fresh.cells[n]?.cloneNode(true) ?? cell);
  });
  link.parentElement?.querySelector(".hidden")?.remove();
  row.className = fresh.className;
  row.classList.toggle("beside-shown", shown === link);
}

/**
 * Ask for a page; what was asked for before is wanted no more. The old truth stays, greyed.
 * @param {URL | string} address
 * @param {RequestInit} [how]
 * @returns {Promise<Document | null>} null: it did not come, or it led to another page
 */
async function ask(address, how) {
  asked.abort();
  const mine = (asked = new AbortController());
  pane?.classList.add("stale");
  away?.setAttribute("hidden", "");
  try {
    const answer = await fetch(address, { ...how, signal: mine.signal });
    const text = await answer.text();
    if (mine.signal.aborted) return null;
    if (leadsAway(answer)) {
      location.assign(answer.url);
      return null;
    }
    const refused = answer.status === 409 || answer.status === 422 || answer.status === 403;
    if (!answer.ok && !(how && refused)) throw new Error(`${answer.status}`);
    return new DOMParser().parseFromString(text, "text/html");
  } catch (error) {
    if (!mine.signal.aborted) away?.removeAttribute("hidden");
    return null;
  } finally {
    if (!mine.signal.aborted) pane?.classList.remove("stale");
  }
}

/** @param {Response} answer @returns {boolean} whether it is of something else than this ticket */
function leadsAway(answer) {
  const here = shown ? new URL(shown.href).pathname : "";
  const there = new URL(answer.url, location.href).pathname;
  return answer.redirected && there !== here && !there.startsWith(`${here}/`);
}

/**
 * Send a form of the ticket from here, and show what comes of it here.
 * @param {SubmitEvent} event
 */
async function send(event) {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post" || !isOpen() || !body) return;
  // another room's form (a call to the citizen) goes where that room wants it
  if (!shown || !new URL(form.action).pathname.startsWith(`${new URL(shown.href).pathname}/`)) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter);
  const files = form.enctype === "multipart/form-data";
  /** @type {any} a form's fields are texts, unless it sends files */
  const fields = data;
  const page = await ask(form.action, { method: "POST", body: files ? data : new URLSearchParams(fields) });
  if (!page) return;
  const main = page.getElementById("main") ?? page.body;
  for (const each of main.querySelectorAll("#back, #show-keys, #keys")) each.remove();
  for (const each of main.querySelectorAll("h1")) each.replaceWith(...asSecond(each));
  body.replaceChildren(...main.childNodes);
  const said = body.querySelector("[role=alert]") ?? body.querySelector(".ticket-heading");
  if (said instanceof HTMLElement) {
    said.tabIndex = -1;
    said.focus();
  }
  if (shown) void renew(shown);
}

/** @param {Element} heading @returns {Element[]} the same, below the list's own heading */
function asSecond(heading) {
  const second = document.createElement("h2");
  second.className = heading.className;
  second.append(...heading.childNodes);
  return [second];
}

/** @param {Event} event @returns {HTMLAnchorElement | null} the ticket of the list that it is about */
function chosen(event) {
  const from = event.target instanceof Element ? event.target : null;
  const link = from?.closest("table.tickets .id a");
  return link instanceof HTMLAnchorElement ? link : null;
}

/** @param {MouseEvent} event */
function onClick(event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !WIDE.matches) return;
  let link = chosen(event);
  if (!link && isOpen() && event.target instanceof Element && !event.target.closest("a, button, input, label, summary")) {
    // with a ticket open, anywhere in a row will do
    link = event.target.closest("table.tickets tbody tr")?.querySelector(".id a") ?? null;
  }
  if (!link) return;
  event.preventDefault();
  if (shows(link)) {
    const heading = body?.querySelector(".ticket-heading");
    if (heading instanceof HTMLElement) heading.focus();
  } else {
    void show(link);
    link.focus();
  }
}

/** @param {FocusEvent} event */
function onFocus(event) {
  const link = chosen(event);
  clearTimeout(waiting);
  if (!link || !isOpen() || shows(link)) return;
  waiting = setTimeout(() => {
    if (document.activeElement === link && isOpen()) void show(link);
  }, REST);
}

if (pane) {
  document.addEventListener("click", onClick);
  document.addEventListener("focusin", onFocus);
  pane.addEventListener("submit", (event) => void send(/** @type {SubmitEvent} */ (event)));
  document.getElementById("beside-close")?.addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) close();
  });
  WIDE.addEventListener("change", () => {
    if (!WIDE.matches && pane && !pane.hidden && shown) location.assign(shown.href);
  });
}
