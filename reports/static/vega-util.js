// @ts-check
/** What the interpreter (vega-interpreter) needs of vega-util: the library that is loaded before it has it. */

const { vega } = /** @type {any} */ (globalThis);
export const { ascending, isString, DisallowedObjectProperties } = vega;
