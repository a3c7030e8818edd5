// @ts-check
/**
 * The city's numerals in what scripts write: where the page says `data-numerals="thai"`, ๐ to ๙, as the server has
 * written the rest of it.
 */

const THAI = "๐๑๒๓๔๕๖๗๘๙";

/** @param {string} text */
const inThai = (text) => text.replace(/[0-9]/g, (figure) => THAI[Number(figure)]);

/**
 * How a place of the page has its figures.
 * @param {Element} place
 * @returns {(text: string) => string}
 */
export function numeralsOf(place) {
  return place.closest('[data-numerals="thai"]') ? inThai : (text) => text;
}
