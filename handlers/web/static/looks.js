// The looks to choose from, each with its sample picture, and a picture of the visitor's own.
import { getJson } from "./api.js";
import { at, h, icon } from "./element.js";
import { t } from "./texts.js";

export const OWN = "reference";

/** @type {Look[]} */
let looks = [];

/**
 * Fetch the looks in the visitor's language and put them on the page, keeping what was chosen.
 * @param {{reference: string | undefined, onown: () => void}} own the visitor's own picture, and what asks for one
 */
export async function loadLooks({ reference, onown }) {
  ({ styles: looks } = await getJson("/api/styles"));
  const before = chosen();
  at("looks").replaceChildren(...looks.map(tile), ownTile(reference, onown));
  choose(before);
  fold();
}

/**
 * @param {string} condition a CSS selector
 * @returns {HTMLInputElement | null}
 */
const option = (condition) => document.querySelector(`#looks input${condition}`);

/** The chosen look's slug, "reference", or null. */
export const chosen = () => option(":checked")?.value ?? null;

/** @param {string | null} value */
export function choose(value) {
  const input = option(`[value="${value ?? ""}"]`);
  if (input) input.checked = true;
}

/** @param {string} slug */
export const nameOf = (slug) => looks.find((look) => look.slug === slug)?.name ?? null;
/** @param {string | null} slug */
export const lookBySlug = (slug) => looks.find((look) => look.slug === slug) ?? looks[0] ?? null;

/**
 * The same looks as buttons, for "in another style".
 * @param {(slug: string) => void} onpick
 * @param {number | null | undefined} except the index of one that is left out
 */
export function lookButtons(onpick, except) {
  /** @param {Look} look */
  const button = (look) => {
    const props = { type: "button", class: "look", onclick: () => onpick(look.slug) };
    return h("button", props, art(look), h("span", {}, look.name));
  };
  return h("div", { class: "strip" }, looks.filter((look) => look.index !== except).map(button));
}

/** @param {Look} look */
function tile(look) {
  const input = h("input", { type: "radio", name: "look", value: look.slug, class: "unseen" });
  const tick = h("span", { class: "tick" }, icon("check"));
  return h("label", { class: "look" }, input, art(look, tick), h("span", {}, look.name));
}

/**
 * @param {Look} look
 * @param {...HTMLElement} more
 */
function art(look, ...more) {
  const sample = () => h("img", { src: look.sample_url, alt: "", loading: "lazy", decoding: "async" });
  return h("span", { class: "art" }, look.sample_url ? sample() : icon("picture"), ...more);
}

/**
 * @param {string | undefined} reference
 * @param {() => void} onown
 */
function ownTile(reference, onown) {
  const input = h("input", { type: "radio", name: "look", value: OWN, class: "unseen" });
  const picture = reference ? h("img", { class: "mine", src: reference, alt: "" }) : icon("plus");
  // A click comes from a pointer or the space bar; arrow keys only move past and must not open a file dialog.
  input.addEventListener("click", (event) => {
    if (event.detail > 0) onown();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    input.checked = true;
    onown();
  });
  const art = h("span", { class: "art" }, picture, h("span", { class: "tick" }, icon("check")));
  return h("label", { class: "look own" }, input, art, h("span", {}, t("Your own style picture")));
}

/** The button that shows all looks, when they don't fit in one row. */
export function fold() {
  const strip = at("looks");
  const button = at("all-looks");
  const open = strip.classList.contains("open");
  button.hidden = !open && strip.scrollWidth <= strip.clientWidth + 4;
  button.textContent = open ? t("Show fewer") : t("Show all {n}", { n: looks.length + 1 });
  button.setAttribute("aria-expanded", String(open));
  button.onclick = () => {
    strip.classList.toggle("open");
    fold();
  };
}
