// The switch between light, dark and the system's setting; theme.js has set the initial one.
import { at, icon } from "./element.js";
import { remember } from "./memory.js";
import { t } from "./texts.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @type {Theme[]} */
const ORDER = ["auto", "light", "dark"];
const DRAWINGS = { auto: "auto", light: "sun", dark: "moon" };
const root = document.documentElement;
const theme = () => /** @type {Theme} */ (root.dataset.theme);

at("theme").addEventListener("click", () => {
  root.dataset.theme = ORDER[(ORDER.indexOf(theme()) + 1) % ORDER.length];
  remember("theme", theme());
  drawAppearance();
});

/** Draw the button, in the current language. */
export function drawAppearance() {
  const now = theme();
  const words = { auto: t("Appearance: same as system"), light: t("Appearance: light"), dark: t("Appearance: dark") };
  at("theme").replaceChildren(icon(DRAWINGS[now]));
  at("theme").title = words[now];
  at("theme").setAttribute("aria-label", words[now]);
}
