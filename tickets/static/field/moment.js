// @ts-check
/**
 * The telephone's own time, the only one there is without a line. It may be wrong: the hotline believes of it how long ago
 * something was when it was sent (`tickets.field.rules.moment`).
 * @returns {string} ISO 8601
 */
export function moment() {
  return new Date().toISOString();
}
