// @ts-check
/// <reference lib="webworker" />
/**
 * The worker behind the crew's page: keeps the page, its scripts and styles, and the small photos of its jobs, so that it
 * opens without any line; and sends what waits when the line is back and the page is closed (Background Sync).
 */

// made by the hotline: what the page is made of, and a name that is another one when that is
// @ts-ignore
import { FILES, VERSION } from "/field/shell.js";
import { sendAll } from "/static/tickets/field/sender.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const SHELL = `field-shell-${VERSION}`, PAGE = "field-page", PHOTOS = "field-photos";
const ADDRESS = "/field";
const PHOTO = /^\/field\/jobs\/\d+\/photos\/\d+$/;
/** Who waits longer for the line sees the page as it was, in milliseconds. */
const PATIENCE = 5000;

worker.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(FILES)).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (event) => event.waitUntil(tidy()));

async function tidy() {
  for (const name of await caches.keys()) {
    if (name.startsWith("field-shell-") && name !== SHELL) await caches.delete(name);
  }
  await worker.clients.claim();
}

worker.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (url.pathname === ADDRESS) event.respondWith(page(event));
  else if (FILES.includes(url.pathname + url.search)) event.respondWith(kept(SHELL, event.request));
  else if (PHOTO.test(url.pathname)) event.respondWith(kept(PHOTOS, event.request));
});

/**
 * The page as the hotline has it, else as it was.
 * @param {FetchEvent} event
 */
async function page(event) {
  const fresh = fetch(event.request).then(async (answer) => {
    if (answer.ok && !answer.redirected) await (await caches.open(PAGE)).put(ADDRESS, answer.clone());
    return answer;
  });
  event.waitUntil(fresh.catch(() => undefined)); // also what comes too late is kept
  const before = await (await caches.open(PAGE)).match(ADDRESS);
  if (!before) return fresh;
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, undefined));
  const answer = await Promise.race([fresh.catch(() => undefined), late]);
  return answer && answer.status < 500 ? answer : before;
}

/**
 * What never changes under its address: what is kept of it, else from the line.
 * @param {string} name
 * @param {Request} request
 */
async function kept(name, request) {
  const cache = await caches.open(name);
  const before = await cache.match(request);
  if (before) return before;
  const answer = await fetch(request);
  if (answer.ok && !answer.redirected) await cache.put(request, answer.clone());
  return answer;
}

worker.addEventListener("sync", (event) => {
  const sync = /** @type {ExtendableEvent & { tag: string }} */ (event);
  if (sync.tag === "field-send") sync.waitUntil(sendLater());
});

/** The browser tries again after what is thrown. */
async function sendLater() {
  if ((await sendAll()) === "offline") throw new Error("no line yet");
}
