// The conversation: every job of this visitor as a turn, oldest first.
import { at, find } from "./element.js";
import { Turn } from "./turn.js";

const NEAR_END = 160; // pixels: scrolls to new content only when this close to the end

/** @typedef {number | string} Key a job's id, or the page's own key while it is being uploaded */

/** @type {Map<Key, Turn>} */
const turns = new Map();

export const views = () => [...turns.values()].flatMap((turn) => turn.view ?? []);

/** The views of the server's jobs, without what is still being uploaded. */
export const jobViews = () => /** @type {Job[]} */ (views().filter((view) => !view.local));

/** @param {Key} key */
export const has = (key) => turns.has(key);

/**
 * Show a job under its key; a new one is inserted by its time.
 * @param {Key} key
 * @param {View} view
 * @param {Actions} [does] what its buttons do; unset: as before
 * @param {{photo?: Picture | null, reference?: Picture | null}} [pictures]
 * @param {{redraw?: boolean}} [options]
 */
export function show(key, view, does, pictures, options) {
  const known = turns.get(key);
  const turn = known ?? new Turn(does ?? {}, pictures);
  if (!known) {
    turns.set(key, turn);
    place(turn, view);
  }
  const atEnd = document.documentElement.scrollHeight - scrollY - innerHeight < NEAR_END;
  turn.does = does ?? turn.does;
  turn.show(view, options);
  empty();
  if (known && atEnd && !turn.element.nextElementSibling) reveal(key);
  return turn;
}

/**
 * @param {Turn} turn
 * @param {View} view
 */
function place(turn, view) {
  const later = [...turns.values()].find((other) => other.view && other.view.created > view.created);
  at("thread").insertBefore(turn.element, later?.element ?? null);
}

/**
 * What was being uploaded has become a job: it goes on under the job's id.
 * @param {Key} key
 * @param {number} id
 */
export function rename(key, id) {
  const turn = turns.get(key);
  turns.delete(key);
  if (turn) turns.set(id, turn);
}

/**
 * Remove a turn; the focus goes to its neighbour.
 * @param {Key} key
 */
export function drop(key) {
  const turn = turns.get(key);
  if (!turn) return;
  const next = turn.element.nextElementSibling ?? turn.element.previousElementSibling;
  const held = turn.element.contains(document.activeElement);
  turns.delete(key);
  turn.element.remove();
  empty();
  if (held) (find(next, "h2") ?? at("files")).focus();
}

/**
 * Scroll to a turn.
 * @param {Key} key
 * @param {ScrollBehavior} [behavior]
 */
export function reveal(key, behavior = "smooth") {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  turns.get(key)?.element.scrollIntoView({ block: "end", behavior: calm ? "auto" : behavior });
}

function empty() {
  document.body.toggleAttribute("data-empty", turns.size === 0);
}
