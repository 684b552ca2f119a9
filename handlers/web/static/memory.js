// What the page remembers between visits. A browser may forbid that; then it is forgotten, and nothing breaks.

/** @param {string} name */
export function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // forbidden: for this visit only, then
  }
}
