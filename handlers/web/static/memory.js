// What the page remembers between visits. Where the browser forbids that, nothing is remembered and nothing breaks.

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
    // forbidden: the value holds for this visit only
  }
}
