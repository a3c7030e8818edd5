// @ts-check
/**
 * Maps: of what is open, of one ticket's place, and to set a pin. Each is an element with `data-map`;
 * without a script it is an empty frame beside fields and lists that say the same.
 *
 * It draws the city's areas and main points by itself, so that it works with no network; pictures of
 * streets lie under them where the city names some (`data-tiles`). docs/places.md tells the rest.
 */

/** @typedef {{latitude: number, longitude: number}} Pin */
/** @typedef {{kind: string, title: string, latitude?: number, longitude?: number, area?: string, asset?: string}} Hit */
/** @typedef {{id: string, title: string, outside: boolean, telephone: string}} Area */
/** @typedef {{title: string, fields: Record<string, string>}} Fix one way to put a contradiction right */
/** @typedef {{area: Area | null, near: string, named: Area | null, wrong: {why: string, fixes: Fix[]} | null,
 *   meant: {why: string, fixes: Fix[], at: [number, number] | null} | null}} At what is told of a place that is being typed */

const PAUSE_MS = 400;
/** From this zoom on main points are drawn, and nearer still the city's things. */
const NEAR = 14;
/** So much of a note is read for where it is. */
const NOTE = 600;

/** @type {Promise<any> | undefined} */
let library;
/** @type {Map<string, Promise<any>>} */
const fetched = new Map();

/** @param {string} url where the map's library is; loaded once, when the first map is drawn */
function leaflet(url) {
  library ??= import(url).then(() => /** @type {any} */ (globalThis).L);
  return library;
}

/**
 * @param {string | undefined} url
 * @param {Record<string, string | number>} asked
 */
async function json(url, asked = {}) {
  const query = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));
  const answer = await fetch(query.size ? `${url}?${query}` : `${url}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return answer.json();
}

/** @param {string} url what does not change while a page is open */
function once(url) {
  const found = fetched.get(url) ?? json(url);
  fetched.set(url, found);
  return found;
}

/**
 * Run the last of several calls, once nobody has called for a moment.
 * @template {unknown[]} T
 * @param {(...values: T) => void} run
 * @returns {(...values: T) => void}
 */
function later(run) {
  /** @type {number | undefined} */
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), PAUSE_MS);
  };
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {string} text
 */
function made(tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

// ------------------------------------------------------------------ one map

class CityMap extends EventTarget {
  /** @param {HTMLElement} frame */
  constructor(frame) {
    super();
    this.frame = frame;
    /** @type {Record<string, string>} */
    this.words = JSON.parse(frame.dataset.words ?? "{}");
    /** @type {any} */
    this.L = undefined;
    /** @type {any} */
    this.map = undefined;
    /** @type {any} */
    this.pin = undefined;
    /** @type {number | undefined} */
    this.untangling = undefined;
  }

  /** Draw it; what cannot be drawn is said in the frame. */
  async draw() {
    try {
      this.L = await leaflet(this.frame.dataset.leaflet ?? "");
      const areas = await once(this.frame.dataset.areas ?? "");
      this.begin();
      this.drawAreas(areas);
      const { latitude, longitude } = this.frame.dataset;
      if (latitude && longitude) this.show({ latitude: Number(latitude), longitude: Number(longitude) }, NEAR);
      if (this.frame.dataset.tickets) this.watch();
      this.frame.dataset.drawn = "";
    } catch {
      this.frame.textContent = this.words.failed;
    }
  }

  begin() {
    const { L, frame } = this;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map = L.map(frame, {
      zoomControl: false,
      attributionControl: Boolean(frame.dataset.tiles),
      zoomAnimation: !still,
      fadeAnimation: !still,
      markerZoomAnimation: !still,
      inertia: !still,
      maxZoom: Number(frame.dataset.zoom ?? 19),
      // a page is scrolled through a map, not into it
      scrollWheelZoom: false,
    });
    L.control.zoom({ zoomInTitle: this.words.in, zoomOutTitle: this.words.out }).addTo(this.map);
    this.map.attributionControl?.setPrefix(false);
    frame.setAttribute("role", "group");
    frame.setAttribute("aria-label", this.words.map);
    if (frame.dataset.tiles) {
      L.tileLayer(frame.dataset.tiles, { attribution: frame.dataset.attribution, maxZoom: Number(frame.dataset.zoom) }).addTo(this.map);
    }
  }

  /** @param {any} areas GeoJSON */
  drawAreas(areas) {
    const { L, map } = this;
    const language = this.frame.dataset.language ?? "th";
    const name = (/** @type {any} */ feature) => feature.properties.title[language] ?? feature.properties.title.en;
    const points = L.layerGroup();
    const drawn = L.geoJSON(areas, {
      filter: (/** @type {any} */ feature) => feature.geometry.type !== "Point",
      interactive: false,
      style: (/** @type {any} */ feature) => ({ className: `area ${feature.properties.kind}`, weight: 2 }),
      onEachFeature: (/** @type {any} */ feature, /** @type {any} */ layer) =>
        layer.bindTooltip(name(feature), { permanent: true, direction: "center", className: `area-name ${feature.properties.kind}`, interactive: false }),
    }).addTo(map);
    for (const feature of areas.features.filter((/** @type {any} */ each) => each.geometry.type === "Point")) {
      const [longitude, latitude] = feature.geometry.coordinates;
      L.circleMarker([latitude, longitude], { radius: 4, className: "point", interactive: false })
        .bindTooltip(name(feature), { permanent: true, direction: "right", className: "point-name", offset: [4, 0] })
        .addTo(points);
    }
    const own = L.featureGroup(drawn.getLayers().filter((/** @type {any} */ each) => each.feature.properties.kind === "area"));
    if (own.getLayers().length) map.fitBounds(own.getBounds(), { animate: false });
    else map.setView([0, 0], 2);
    // names that would cover each other appear when there is room for them
    const follow = () => {
      if (map.getZoom() >= NEAR) points.addTo(map);
      else points.remove();
      this.untangle();
    };
    map.on("zoomend moveend", follow);
    follow();
  }

  /** Of names that would cover each other, or what is set on the map, the first stays. */
  untangle() {
    cancelAnimationFrame(this.untangling ?? 0);
    this.untangling = requestAnimationFrame(() => this.untangleNow());
  }

  untangleNow() {
    const frame = this.frame.getBoundingClientRect();
    const taken = [...this.frame.querySelectorAll(".pin, .cross, .unit-on-map, .leaflet-control")].map((each) => each.getBoundingClientRect());
    for (const name of this.frame.querySelectorAll(".leaflet-tooltip-pane > .area-name, .leaflet-tooltip-pane > .point-name")) {
      const box = name.getBoundingClientRect();
      const within = box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom;
      const free = within && !taken.some((each) => box.left < each.right && each.left < box.right && box.top < each.bottom && each.top < box.bottom);
      name.classList.toggle("covered", !free);
      if (free) taken.push(box);
    }
  }

  /**
   * @param {Pin} at
   * @param {number} [zoom]
   */
  show(at, zoom) {
    const place = [at.latitude, at.longitude];
    this.map.setView(place, Math.max(this.map.getZoom(), zoom ?? 0), { animate: false });
    if (this.pin) {
      this.pin.setLatLng(place);
      this.untangle();
      return;
    }
    const icon = this.L.divIcon({ className: "pin", iconSize: [28, 36], iconAnchor: [14, 36] });
    const editable = "edit" in this.frame.dataset;
    this.pin = this.L.marker(place, { icon, draggable: editable, title: this.words.pin, alt: this.words.pin, keyboard: false }).addTo(this.map);
    this.pin.on("dragend", () => this.moved(this.pin.getLatLng()));
    this.untangle();
  }

  hide() {
    this.pin?.remove();
    this.pin = undefined;
  }

  /** Let a click, a drag and the button set the pin; what is open there and the city's things can be clicked too. */
  edit() {
    Object.assign(this.frame.dataset, { tickets: this.frame.dataset.near, assets: this.frame.dataset.things });
    this.watch();
    this.map.on("click", (/** @type {any} */ event) => this.moved(event.latlng));
    const button = made("button", { type: "button", class: "middle" }, this.words.middle);
    button.addEventListener("click", () => this.moved(this.map.getCenter()));
    this.frame.after(button);
    this.frame.append(made("span", { class: "cross", "aria-hidden": "true" }));
    this.untangle();
  }

  /** @param {{lat: number, lng: number}} at */
  moved(at) {
    const pin = { latitude: Number(at.lat.toFixed(6)), longitude: Number(at.lng.toFixed(6)) };
    this.show(pin);
    this.dispatchEvent(new CustomEvent("pinned", { detail: pin }));
  }

  // ---------------------------------------------------------------- what is open

  /** Draw what is in view, again after each move. */
  watch() {
    const { L, map } = this;
    const layer = L.layerGroup().addTo(map);
    const told = document.querySelector("[data-told]");
    let turn = 0;
    const look = async () => {
      const mine = ++turn;
      const box = map.getBounds().toBBoxString();
      const lang = this.frame.dataset.language ?? "th";
      const near = map.getZoom() > NEAR && this.frame.dataset.assets;
      try {
        const [tickets, assets, units] = await Promise.all([
          json(this.frame.dataset.tickets, { bbox: box, lang }),
          near ? json(this.frame.dataset.assets, { bbox: box, lang }) : { features: [] },
          this.frame.dataset.units ? json(this.frame.dataset.units, { lang }) : { features: [] },
        ]);
        if (mine !== turn) return; // the map has moved on
        layer.clearLayers();
        for (const each of assets.features) this.asset(each).addTo(layer);
        for (const each of tickets.features) this.ticket(each).addTo(layer);
        for (const each of units.features) this.unit(each).addTo(layer);
        const n = tickets.features.reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + (each.properties.count ?? 1), 0);
        if (told) told.textContent = this.words.tickets.replace("{n}", n.toLocaleString(this.frame.dataset.language)) + (assets.more ? ` · ${this.words.zoom}` : "");
        this.untangle();
        this.frame.dataset.shown = String(n);
      } catch {
        if (told) told.textContent = this.words.failed;
      }
    };
    map.on("moveend", later(look));
    // the dispatch board has news
    if (this.frame.dataset.units) document.addEventListener("shown", later(look));
    look();
  }

  /** @param {any} feature */
  asset(feature) {
    const [longitude, latitude] = feature.geometry.coordinates;
    const { asset, title } = feature.properties;
    const drawn = this.L.circleMarker([latitude, longitude], { radius: "edit" in this.frame.dataset ? 8 : 5, className: "asset", bubblingMouseEvents: false });
    drawn.on("click", () => this.dispatchEvent(new CustomEvent("picked", { detail: { latitude, longitude, asset, title } })));
    return drawn.bindTooltip(title);
  }

  /** @param {any} feature a unit, where it was last */
  unit(feature) {
    const [longitude, latitude] = feature.geometry.coordinates;
    const { call_sign, standing, title, url, old } = feature.properties;
    const label = made("span", {}, call_sign);
    const icon = this.L.divIcon({ className: `unit-on-map ${standing}${old ? " old" : ""}`, html: label, iconSize: [88, 28] });
    const words = `${call_sign} ${title}`;
    const marker = this.L.marker([latitude, longitude], { icon, title: words, alt: words, zIndexOffset: 500 });
    marker.on("keypress", (/** @type {any} */ event) => event.originalEvent.key === "Enter" && location.assign(url));
    return marker.on("click", () => location.assign(url));
  }

  /** @param {any} feature a ticket, or how many there are about here */
  ticket(feature) {
    const [longitude, latitude] = feature.geometry.coordinates;
    const { count, number, title, url, late } = feature.properties;
    const text = count ? count.toLocaleString(this.frame.dataset.language) : late ? "!" : "";
    const label = made("span", {}, text);
    const icon = this.L.divIcon({ className: `open-ticket${count ? " many" : ""}${late ? " late" : ""}`, html: label, iconSize: count ? [40, 40] : [24, 24] });
    const words = count ? this.words.tickets.replace("{n}", text) : `${number} ${title}`;
    const marker = this.L.marker([latitude, longitude], { icon, title: words, alt: words });
    const open = () => {
      // who sets a pin stays on the page: it is set where that ticket is
      if (url && "edit" in this.frame.dataset) this.moved({ lat: latitude, lng: longitude });
      else if (url) location.assign(url);
      else this.map.setView([latitude, longitude], this.map.getZoom() + 2);
    };
    // of keys the library knows only that they open its own bubbles
    marker.on("keypress", (/** @type {any} */ event) => event.originalEvent.key === "Enter" && open());
    return marker.on("click", open);
  }
}

// ------------------------------------------------------------------ the fields of a place

/**
 * What has been typed of a place, by the names of its fields without `place_`.
 * @param {HTMLFormElement} form
 */
function typedIn(form) {
  /** @type {Record<string, string>} */
  const typed = {};
  for (const [name, value] of new FormData(form)) {
    if (name.startsWith("place_") && String(value).trim()) typed[name.slice("place_".length)] = String(value).trim();
  }
  return typed;
}

class PlaceForm {
  /**
   * @param {HTMLFormElement} form has the fields `place_…`
   * @param {CityMap} map
   * @param {ParentNode} around where it says what it has found out
   */
  constructor(form, map, around) {
    this.form = form;
    this.map = map;
    this.around = around;
    this.language = map.frame.dataset.language ?? "th";
    /** @type {Hit | undefined} the city's thing that was picked last */
    this.thing = undefined;
    map.addEventListener("pinned", (event) => this.pinned(/** @type {CustomEvent<Pin>} */ (event).detail));
    map.addEventListener("picked", (event) => this.choose(/** @type {CustomEvent<Hit>} */ (event).detail));
    form.addEventListener("input", (event) => this.typed(event.target));
  }

  /** @param {string} name */
  field(name) {
    return /** @type {HTMLInputElement | HTMLSelectElement} */ (this.form.elements.namedItem(`place_${name}`));
  }

  /**
   * Write into the fields as somebody would who types: what listens to a form hears it.
   * @param {Record<string, string>} values
   */
  write(values) {
    for (const [name, value] of Object.entries(values)) this.field(name).value = value;
    this.byUs = true;
    this.field("latitude").dispatchEvent(new Event("input", { bubbles: true }));
    this.byUs = false;
  }

  /** @param {Pin} at @param {string} asset */
  pinned(at, asset = "") {
    this.write({ latitude: String(at.latitude), longitude: String(at.longitude), asset });
    this.tell();
  }

  /** @returns {Pin | null} what stands in the fields */
  pin() {
    const [latitude, longitude] = ["latitude", "longitude"].map((name) => this.field(name).value.trim());
    const pin = { latitude: Number(latitude), longitude: Number(longitude) };
    const good = latitude && longitude && Math.abs(pin.latitude) <= 90 && Math.abs(pin.longitude) <= 180;
    return good ? pin : null;
  }

  /** @param {EventTarget | null} target the field that somebody writes in */
  typed(target) {
    if (this.byUs || !(target instanceof HTMLInputElement || target instanceof HTMLSelectElement)) return;
    if (/^place_(latitude|longitude)$/.test(target.name)) {
      this.field("asset").value = ""; // whoever moves the pin moves it away from there
      this.follow();
    }
    if (target.name === "place_written") this.tell();
    if (/^place_(address|soi|road|landmark)$/.test(target.name)) this.suggest();
  }

  follow = later(() => {
    const pin = this.pin();
    if (pin) this.map.show(pin, NEAR);
    else this.map.hide();
    this.tell();
  });

  /** Say whose the pin is, and whether the words agree. */
  async tell() {
    const told = this.around.querySelector("[data-pinned]");
    const pin = this.pin();
    if (!told) return;
    if (!pin) return told.replaceChildren();
    const found = await this.asked();
    const { words } = this.map;
    if (!this.field("written").value) {
      // an empty choice is what the words name, or follows the pin; one that somebody made does neither
      const written = found.named?.id ?? found.area?.id ?? "";
      if (written) {
        this.write({ written });
        return this.tell();
      }
    }
    const thing = this.thing?.asset === this.field("asset").value ? this.thing.title : "";
    const parts = found.area
      ? [thing, found.area.title, ...(found.area.outside ? [words.outside, found.area.telephone] : []), found.near]
      : [words.beyond];
    told.replaceChildren(parts.filter(Boolean).join(" · "));
    if (!found.wrong) return;
    told.append(" ", made("strong", { class: "tag urgent" }, words.contradicts), " ", found.wrong.why);
    for (const fix of found.wrong.fixes) told.append(" ", this.button(fix.title, fix.fields));
  }

  /** @returns {Promise<At>} whose the pin is, and what of the fields contradicts it */
  asked() {
    return json(this.map.frame.dataset.at, { ...typedIn(this.form), lang: this.language });
  }

  /** Say what the words name; at the desk the form says it. @returns {Promise<At["meant"]>} */
  async meaning() {
    const meant = this.pin() || !Object.keys(typedIn(this.form)).length ? null : (await this.asked()).meant;
    this.around.querySelector("[data-suggested]")?.replaceChildren(...(meant ? [meant.why, ...meant.fixes.flatMap((fix) => [" ", this.button(fix.title, fix.fields)])] : []));
    return meant;
  }

  suggest = later(() => this.meaning());

  /** Begin with what stands in the fields: the pin, or else where the words lead. */
  async begin() {
    const pin = this.pin();
    if (pin) this.map.show(pin, NEAR);
    this.tell();
    const at = (await this.meaning())?.at;
    if (at) this.map.map.setView(at, NEAR + 1, { animate: false });
  }

  /**
   * @param {string} text
   * @param {Record<string, string>} values
   */
  button(text, values) {
    const button = made("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      this.write(values);
      const pin = this.pin();
      if (pin) this.map.show(pin);
      else this.map.hide();
      this.tell();
      this.meaning();
    });
    return button;
  }

  /** @param {Hit} hit what somebody has chosen from what was found */
  choose(hit) {
    this.thing = hit.asset ? hit : undefined;
    if (hit.area) this.write({ written: hit.area });
    if (hit.latitude !== undefined && hit.longitude !== undefined) {
      const at = { latitude: hit.latitude, longitude: hit.longitude };
      this.map.show(at, NEAR + 2);
      this.pinned(at, hit.asset ?? "");
    } else this.tell();
  }

  /**
   * A search that fills in what it finds.
   * @param {HTMLInputElement} field
   * @param {Element} list
   */
  finds(field, list) {
    const look = later(async () => {
      const asked = field.value.trim();
      /** @type {{found: Hit[]}} */
      const { found } = asked ? await json(this.map.frame.dataset.find, { q: asked, lang: this.language }) : { found: [] };
      if (field.value.trim() !== asked) return;
      const items = found.map((hit) => {
        const button = made("button", { type: "button" }, hit.title);
        button.addEventListener("click", () => (this.choose(hit), list.replaceChildren()));
        const item = made("li");
        item.append(button);
        return item;
      });
      list.replaceChildren(...(asked && !items.length ? [made("li", { class: "soft" }, this.map.words.none)] : items));
    });
    field.addEventListener("input", look);
    field.form?.addEventListener("submit", (event) => (event.preventDefault(), look()));
  }
}

// ------------------------------------------------------------------ on a page

/** @param {HTMLElement} frame */
async function onPage(frame) {
  const map = new CityMap(frame);
  await map.draw();
  const form = frame.closest("form");
  if (!map.map || !form || !("edit" in frame.dataset)) return;
  map.edit();
  const place = new PlaceForm(form, map, form);
  place.begin();
  const [finder, list] = [document.querySelector("[data-finds] input"), document.querySelector("[data-found]")];
  if (finder instanceof HTMLInputElement && list) place.finds(finder, list);
}

// ------------------------------------------------------------------ at the desk

/**
 * The desk's form is replaced while somebody works in it, so the map stands beside it, in a dialog.
 * @param {HTMLElement} button in the form; carries what a map needs
 */
async function atDesk(button) {
  const form = button.closest("form");
  if (!form) return;
  const dialog = /** @type {HTMLDialogElement} */ (made("dialog", { class: "place-dialog", "aria-label": button.textContent?.trim() ?? "" }));
  const frame = made("div", { class: "map" });
  Object.assign(frame.dataset, button.dataset, { map: "", edit: "" });
  const words = JSON.parse(button.dataset.words ?? "{}");
  const finder = /** @type {HTMLInputElement} */ (made("input", { type: "search", autocomplete: "off" }));
  const label = made("label", {}, words.search);
  label.append(finder);
  const list = made("ul", { class: "found", "aria-live": "polite" });
  const pinned = made("p", { class: "pinned", role: "status", "data-pinned": "" });
  const close = made("button", { type: "button", class: "main" }, words.close);
  close.addEventListener("click", () => dialog.close());
  dialog.append(label, list, frame, pinned, close);
  dialog.addEventListener("close", () => (dialog.remove(), button.focus()));
  document.body.append(dialog);
  dialog.showModal();
  const map = new CityMap(frame);
  await map.draw();
  if (!map.map) return;
  map.edit();
  const place = new PlaceForm(form, map, dialog);
  place.finds(finder, list);
  place.begin();
}

/**
 * Say in the desk's own form, also without its map, what the words of the place (or else the note's)
 * name, whose it is outside the city, or that the pin contradicts the words, with the same ways to
 * put it right. The server says it too, when it draws the form anew.
 * @param {HTMLFormElement} form
 */
const atDeskTyped = later(async (/** @type {HTMLFormElement} */ form) => {
  const button = form.querySelector("[data-place-map]");
  const told = form.querySelector("[data-contradicts]");
  if (!(button instanceof HTMLElement) || !told) return;
  const typed = { ...typedIn(form), note: String(new FormData(form).get("note") ?? "").trim().slice(0, NOTE) };
  if (!Object.values(typed).some(Boolean)) return told.replaceChildren();
  try {
    /** @type {At} */
    const found = await json(button.dataset.at, { ...typed, lang: button.dataset.language ?? "th" });
    const { contradicts } = JSON.parse(button.dataset.words ?? "{}");
    const said = found.wrong ?? found.meant;
    const fixes = (said?.fixes ?? []).map((fix) => made("button", { type: "button", "data-repair": JSON.stringify(fix.fields) }, fix.title));
    const tag = found.wrong ? [made("strong", { class: "tag urgent" }, contradicts)] : [];
    told.replaceChildren(...(said?.why ? [...tag, made("span", {}, said.why), ...fixes] : []));
  } catch {
    told.replaceChildren(); // no figures yet, or no line: nothing is claimed
  }
});

/** @param {HTMLElement} button one way to put it right */
function repairAtDesk(button) {
  const form = button.closest("form");
  if (!form) return;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.repair ?? "{}"))) {
    const field = form.elements.namedItem(`place_${name}`);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = String(value);
  }
  form.querySelector("[data-contradicts]")?.replaceChildren();
  // what keeps the draft hears it as what somebody types, and whoever typed goes on from there
  const written = form.elements.namedItem("place_written");
  if (written instanceof HTMLElement) {
    written.dispatchEvent(new Event("input", { bubbles: true }));
    written.focus();
  }
}

document.querySelectorAll("[data-map]").forEach((frame) => onPage(/** @type {HTMLElement} */ (frame)));
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-place-map]") : null;
  if (button instanceof HTMLElement) atDesk(button);
  const repair = event.target instanceof Element ? event.target.closest("[data-repair]") : null;
  if (repair instanceof HTMLElement) repairAtDesk(repair);
});
document.addEventListener("input", (event) => {
  const { target } = event;
  const typed = target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
  if (!typed || !(target.name.startsWith("place_") || target.name === "note")) return;
  if (target.form?.querySelector("[data-contradicts]")) atDeskTyped(target.form);
});
