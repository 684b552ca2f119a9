// Light, dark or as the system says. A classic script, run before the first paint, so that nothing flashes.
(() => {
  /** @type {string | null} */
  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // a browser that remembers nothing follows the system
  }
  document.documentElement.dataset.theme = chosen === "light" || chosen === "dark" ? chosen : "auto";
})();
