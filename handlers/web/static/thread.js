// The conversation: every job of this visitor as a turn, oldest first.
import { at } from "./element.js";
import { Turn } from "./turn.js";

const NEAR_END = 160; // pixels: who reads further up is not pulled down
const turns = new Map(); // key (a job's id, or the page's own key while it is being sent) → Turn

export const views = () => [...turns.values()].map((turn) => turn.view);
export const has = (key) => turns.has(key);

/** Show a job under its key; a new one is put at the end, or where its time belongs. */
export function show(key, view, does, pictures, options) {
  const known = turns.get(key);
  const turn = known ?? new Turn(does, pictures);
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

function place(turn, view) {
  const later = [...turns.values()].find((other) => other.view && other.view.created > view.created);
  at("thread").insertBefore(turn.element, later?.element ?? null);
}

/** A turn that was being sent has become a job: it goes on under the job's id. */
export function rename(key, id) {
  const turn = turns.get(key);
  turns.delete(key);
  turns.set(id, turn);
}

/** Take a turn away; the focus goes to its neighbour. */
export function drop(key) {
  const turn = turns.get(key);
  if (!turn) return;
  const next = turn.element.nextElementSibling ?? turn.element.previousElementSibling;
  const held = turn.element.contains(document.activeElement);
  turns.delete(key);
  turn.element.remove();
  empty();
  if (held) (next?.querySelector("h2") ?? at("files")).focus();
}

/** Bring a turn into sight. */
export function reveal(key, behavior = "smooth") {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  turns.get(key)?.element.scrollIntoView({ block: "end", behavior: calm ? "auto" : behavior });
}

function empty() {
  document.body.toggleAttribute("data-empty", turns.size === 0);
}
