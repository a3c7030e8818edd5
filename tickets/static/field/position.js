// @ts-check
/** Where the telephone is, as far as its owner lets the page know. */

/** @typedef {import("./queue.js").Place} Place */

const CHOICE = "saidduan-field-position";
/** What was found longer ago says nothing of now, in milliseconds. */
const FRESH = 60_000;

export class Positions {
  /**
   * @param {number} every milliseconds between two that are told while somebody is on the way; 0: none are
   * @param {number} standing the same of who is on no way
   */
  constructor(every, standing) {
    this.every = every;
    this.standing = standing;
    this.there = "geolocation" in navigator;
    /** @type {{ place: Place, at: number } | undefined} */
    this.found = undefined;
    /** @type {((place: Place) => unknown) | null} */
    this.teller = null;
    /** @type {number | undefined} */
    this.watch = undefined;
    this.told = -Infinity;
    this.asked = -Infinity;
    this.changed = () => {};
  }

  /** Whether its owner wants it to be told. */
  get wanted() {
    return localStorage.getItem(CHOICE) !== "off";
  }

  set wanted(yes) {
    localStorage.setItem(CHOICE, yes ? "on" : "off");
    if (!yes) this.stop();
  }

  /** Where it was within the last minute. @returns {Place | undefined} */
  last() {
    return this.wanted && this.found && performance.now() - this.found.at < FRESH ? this.found.place : undefined;
  }

  /**
   * Find it once; where that is not allowed, nothing happens.
   * @param {(place: Place) => unknown} then
   */
  once(then) {
    if (!this.there || !this.wanted) return;
    navigator.geolocation.getCurrentPosition((each) => then(this.keep(each)), () => undefined, {
      enableHighAccuracy: true, maximumAge: FRESH, timeout: 20_000,
    });
  }

  /**
   * Tell it again and again, or (null) no longer.
   * @param {((place: Place) => unknown) | null} teller
   */
  follow(teller) {
    this.teller = teller;
    if (!teller || !this.there || !this.every || !this.wanted) return this.stop();
    if (this.watch !== undefined) return;
    this.watch = navigator.geolocation.watchPosition((each) => this.tell(this.keep(each)), (error) => {
      if (error.code === error.PERMISSION_DENIED) this.stop();
    }, { enableHighAccuracy: true, maximumAge: 5000 });
  }

  /**
   * Tell it once, if that was long enough ago: who goes nowhere is found by it when the nearest is looked for.
   * @param {(place: Place) => unknown} teller
   */
  nowAndThen(teller) {
    if (!this.standing || performance.now() - Math.max(this.asked, this.told) < this.standing) return;
    this.asked = performance.now();
    this.once(teller);
  }

  stop() {
    if (this.watch !== undefined) navigator.geolocation.clearWatch(this.watch);
    this.watch = undefined;
  }

  /** @param {Place} place */
  tell(place) {
    if (performance.now() - this.told < this.every) return;
    this.told = performance.now();
    this.teller?.(place);
  }

  /** @param {GeolocationPosition} position @returns {Place} */
  keep({ coords }) {
    const place = { latitude: coords.latitude, longitude: coords.longitude, accuracy_m: Math.round(coords.accuracy) };
    this.found = { place, at: performance.now() };
    this.changed();
    return place;
  }
}
