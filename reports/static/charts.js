// @ts-check
/**
 * Draws the charts of a page: each figure with `data-chart` has its Vega-Lite specification there and
 * the same numbers in a table below, which is all there is without this.
 */

const LIBRARIES = ["vega.js", "vega-lite.js"];
/** Names of colours in specifications (reports/charts.py), and where the page has them. */
const COLOURS = {
  "@accent": "--accent",
  "@paper": "--chart-paper",
  "@second": "--chart-2",
  "@third": "--chart-3",
  "@fourth": "--chart-4",
  "@fifth": "--chart-5",
  "@sixth": "--chart-6",
};

/** @param {string} address */
function load(address) {
  return new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: address, onload: done, onerror: failed });
    document.head.append(script);
  });
}

/** @param {Element} figure @param {string} name of a custom property that is a colour */
function colour(figure, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  figure.append(probe);
  const [red, green, blue] = pixel(getComputedStyle(probe).color);
  probe.remove();
  return `rgb(${red}, ${green}, ${blue})`;
}

const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** What any CSS colour is in the drawing library's own terms. @param {string} css */
function pixel(css) {
  if (!canvas) return [0, 0, 0];
  canvas.fillStyle = css;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
}

/**
 * @param {any} spec
 * @param {Record<string, string>} colours
 * @returns {any} the same with colours for their names
 */
function coloured(spec, colours) {
  if (typeof spec === "string") return colours[spec] ?? spec;
  if (Array.isArray(spec)) return spec.map((each) => coloured(each, colours));
  if (spec === null || typeof spec !== "object") return spec;
  return Object.fromEntries(Object.entries(spec).map(([name, each]) => [name, coloured(each, colours)]));
}

/** @param {HTMLElement} figure */
function frame(figure) {
  const text = colour(figure, "--text");
  const quiet = colour(figure, "--quiet");
  const line = colour(figure, "--line");
  const letters = { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
  return {
    font: getComputedStyle(figure).fontFamily,
    background: "transparent",
    view: { stroke: null },
    axis: { ...letters, labelColor: text, titleColor: quiet, gridColor: line, domainColor: quiet },
    legend: { ...letters, labelColor: text, titleColor: quiet },
    text: { fontSize: 12, color: text },
    rule: { color: text },
  };
}

/** @param {HTMLElement} figure */
async function draw(figure) {
  const { vega, vegaLite } = /** @type {any} */ (globalThis);
  const { expressionInterpreter } = await import(`${base}vega-interpreter.js`);
  const place = figure.querySelector(".chart");
  if (!(place instanceof HTMLElement)) return;
  const colours = Object.fromEntries(Object.entries(COLOURS).map(([name, property]) => [name, colour(figure, property)]));
  const spec = { ...coloured(JSON.parse(figure.dataset.chart ?? "{}"), colours), config: frame(figure) };
  spec.width = "container";
  spec.autosize = { type: "fit-x", contains: "padding" };
  const parsed = vega.parse(vegaLite.compile(spec).spec, undefined, { ast: true });
  // no code is made from text: the page's policy forbids it
  const view = new vega.View(parsed, { expr: expressionInterpreter, renderer: "canvas", container: place, hover: true });
  place.replaceChildren();
  await view.initialize(place).runAsync();
  figure.dataset.drawn = "";
  return view;
}

const figures = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("figure[data-chart]"));
const base = figures[0]?.dataset.libraries ?? "";

async function drawAll() {
  for (const figure of figures) await draw(figure);
}

if (figures.length) {
  for (const name of LIBRARIES) await load(base + name);
  await drawAll();
  // other colours, another drawing
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
