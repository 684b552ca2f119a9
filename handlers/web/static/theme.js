// Light, dark or as the system says. A classic script, run before the first paint, so that nothing flashes.
(() => {
  const order = ["auto", "light", "dark"];
  const chosen = localStorage.getItem("theme");
  const root = document.documentElement;
  root.dataset.theme = order.includes(chosen) ? chosen : "auto";
  window.repaintTheme = {
    get now() {
      return root.dataset.theme;
    },
    next() {
      root.dataset.theme = order[(order.indexOf(root.dataset.theme) + 1) % order.length];
      localStorage.setItem("theme", root.dataset.theme);
    },
  };
})();
