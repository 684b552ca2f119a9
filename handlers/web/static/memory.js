// What the page remembers between visits. A browser may forbid that; then it is forgotten, and nothing breaks.

export function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // forbidden: for this visit only, then
  }
}
