// @ts-check
/** What every page needs: on a narrow screen the navigation scrolls, and where one is must be in sight. */

const here = document.querySelector("header.site nav [aria-current]");
const bar = here?.parentElement;
if (here instanceof HTMLElement && bar) {
  // not scrollIntoView: that moves the page too, which a reload has just put back in its place
  bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
}
