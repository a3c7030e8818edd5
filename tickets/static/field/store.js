// @ts-check
/** What waits to be sent is kept in the browser's database: it outlives the page, the browser and an empty battery. */

/** @typedef {import("./queue.js").Action} Action */

const NAME = "saidduan-field";
const QUEUE = "queue";
/** On which every tab, and the worker behind them, says that the queue is another one. */
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

/** @returns {Promise<IDBDatabase>} */
function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const queue = request.result.createObjectStore(QUEUE, { keyPath: "n", autoIncrement: true });
      queue.createIndex("key", "key", { unique: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the database is held by an older page"));
  });
  opened.catch(() => (opened = undefined));
  return opened;
}

/**
 * @template T
 * @param {IDBTransactionMode} mode
 * @param {(queue: IDBObjectStore) => IDBRequest<T>} act
 * @returns {Promise<T>} when it is on the disk
 */
async function within(mode, act) {
  const done = (await database()).transaction(QUEUE, mode, { durability: "strict" });
  const request = act(done.objectStore(QUEUE));
  return new Promise((resolve, reject) => {
    done.oncomplete = () => resolve(request.result);
    done.onabort = done.onerror = () => reject(done.error);
  });
}

/** Everything that waits, of every account, the oldest first. @returns {Promise<Action[]>} */
export function all() {
  return within("readonly", (queue) => queue.getAll());
}

/** @param {Action} action */
export async function add(action) {
  await within("readwrite", (queue) => queue.add(action));
  changed();
}

/** Keep an action as it now is. @param {Action} action */
export async function put(action) {
  await within("readwrite", (queue) => queue.put(action));
  changed();
}

/** @param {Action} action */
export async function remove(action) {
  await within("readwrite", (queue) => queue.delete(/** @type {number} */ (action.n)));
  changed();
}

/** @type {Set<() => void>} */
const listeners = new Set();

function changed() {
  channel?.postMessage("changed");
  for (const each of listeners) each();
}

/** Call `listener` whenever the queue is another one, whoever changed it. @param {() => void} listener */
export function watch(listener) {
  listeners.add(listener);
  channel?.addEventListener("message", () => listener());
}
