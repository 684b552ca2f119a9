// Announcements for screen readers: polite, and never the same twice in a row.
import { at } from "./element.js";

let last = "";

/** @param {string} sentence */
export function announce(sentence) {
  if (!sentence || sentence === last) return;
  last = sentence;
  at("announcer").textContent = sentence;
}
