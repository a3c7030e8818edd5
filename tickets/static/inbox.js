// @ts-check
/**
 * Keys of the list of tickets and of a ticket's page. The one that they are about is the one whose
 * link has the focus, so that Enter needs nothing of ours, and a screen reader says it.
 */

import { close, isOpen, shows } from "./beside.js";
import "./changed.js";

/** What opens on a ticket's page, by the key that asks for it. */
const PARTS = { a: "assign", n: "note", r: "result" };

/** @returns {HTMLAnchorElement[]} the tickets of the list */
function links() {
  return [...document.querySelectorAll("table.tickets .id a")].filter((each) => each instanceof HTMLAnchorElement);
}

/** @returns {number} where in the list one is; -1: nowhere yet */
function here() {
  // from within the ticket beside it, the list goes on from that one
  const row = document.activeElement?.closest("table.tickets tbody tr") ?? document.querySelector("tr.beside-shown");
  return row ? links().findIndex((link) => row.contains(link)) : -1;
}

/** @param {number} by */
function step(by) {
  const all = links();
  const next = all[Math.max(0, Math.min(all.length - 1, here() + by))];
  next?.focus();
  next?.closest("tr")?.scrollIntoView({ block: "nearest" });
}

/**
 * On a ticket's page, open the part; in the list, go to the ticket's with that part open.
 * @param {string} part
 */
function open(part) {
  const link = links()[here()];
  // not the part's own name: the browser would take the focus to it, after us
  if (link && !shows(link)) location.assign(`${link.pathname}${link.search}#do-${part}`);
  else show(part);
}

/** @param {string} part */
function show(part) {
  const details = Object.values(PARTS).includes(part) ? document.getElementById(part)?.closest("details") : null;
  if (!(details instanceof HTMLDetailsElement)) return;
  details.open = true;
  const field = details.querySelector("select, textarea, input:not([type=hidden])");
  if (field instanceof HTMLElement) field.focus();
}

/** @param {string} key @returns {boolean} whether it was one of ours */
function act(key) {
  const part = Object.entries(PARTS).find(([name]) => name === key);
  if (part) open(part[1]);
  else if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "u" && isOpen()) close();
  else if (key === "u") document.getElementById("back")?.click();
  else if (key === "/") focusSearch();
  else if (key === "?") showKeys();
  else return false;
  return true;
}

function focusSearch() {
  const field = document.querySelector("form.filters input[type=search]");
  if (field instanceof HTMLElement) field.focus();
}

function showKeys() {
  const keys = document.getElementById("keys");
  if (keys instanceof HTMLDialogElement && !keys.open) keys.showModal();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target instanceof Element && event.target.closest("input, select, textarea, dialog, [contenteditable]")) return;
  // a Thai keyboard writes other letters: the place of the key counts as well
  const placed = event.code.replace(/^Key/, "").toLowerCase();
  const slash = event.code === "Slash" ? (event.shiftKey ? "?" : "/") : "";
  if (act(event.key.toLowerCase()) || act(slash || placed)) event.preventDefault();
}

/**
 * Out of a field, with what stands in it: the keys are ours again, and what is beside the list stays.
 * @param {KeyboardEvent} event
 */
function leave(event) {
  const field = event.target;
  if (event.key !== "Escape" || !(field instanceof HTMLElement) || field.closest("dialog")) return;
  if (!field.matches("textarea, select, input:not([type=search])")) return;
  const heading = field.closest("details")?.querySelector("summary");
  if (heading) heading.focus();
  else field.blur();
  event.preventDefault();
}

// before the one that closes what is beside the list
document.addEventListener("keydown", leave, true);
document.addEventListener("keydown", onKey);
document.getElementById("show-keys")?.addEventListener("click", showKeys);
// what there is to press is shown only where it does something
document.getElementById("show-keys")?.removeAttribute("hidden");
show(location.hash.replace("#do-", ""));
