// The looks to choose from, each with its sample picture, and a picture of one's own.
import { getJson } from "./api.js";
import { at, h, icon } from "./element.js";
import { t } from "./texts.js";

export const OWN = "reference";

let looks = [];

/** Fetch the looks in the visitor's language and put them on the page, keeping what was chosen. */
export async function loadLooks({ reference, onown }) {
  ({ styles: looks } = await getJson("/api/styles"));
  const before = chosen();
  at("looks").replaceChildren(...looks.map(tile), ownTile(reference, onown));
  const again = document.querySelector(`#looks input[value="${before ?? ""}"]`);
  if (again) again.checked = true;
  fold();
}

/** The chosen look's slug, "reference", or null. */
export const chosen = () => document.querySelector("#looks input:checked")?.value ?? null;

export function choose(value) {
  const input = document.querySelector(`#looks input[value="${value}"]`);
  if (input) input.checked = true;
}

export const nameOf = (slug) => looks.find((look) => look.slug === slug)?.name ?? null;
export const lookBySlug = (slug) => looks.find((look) => look.slug === slug) ?? looks[0] ?? null;

/** The same looks as buttons, for "in another style". */
export function lookButtons(onpick, except) {
  const button = (look) => {
    const props = { type: "button", class: "look", onclick: () => onpick(look.slug) };
    return h("button", props, art(look), h("span", {}, look.name));
  };
  return h("div", { class: "strip" }, looks.filter((look) => look.index !== except).map(button));
}

function tile(look) {
  const input = h("input", { type: "radio", name: "look", value: look.slug, class: "unseen" });
  const tick = h("span", { class: "tick" }, icon("check"));
  return h("label", { class: "look" }, input, art(look, tick), h("span", {}, look.name));
}

function art(look, ...more) {
  const sample = () => h("img", { src: look.sample_url, alt: "", loading: "lazy", decoding: "async" });
  return h("span", { class: "art" }, look.sample_url ? sample() : icon("picture"), ...more);
}

function ownTile(reference, onown) {
  const input = h("input", { type: "radio", name: "look", value: OWN, class: "unseen" });
  const picture = reference ? h("img", { class: "mine", src: reference, alt: "" }) : icon("plus");
  // A click comes from a pointer or from Space; arrow keys only pass by and must not open a file dialogue.
  input.addEventListener("click", (event) => event.detail > 0 && onown());
  input.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    input.checked = true;
    onown();
  });
  const art = h("span", { class: "art" }, picture, h("span", { class: "tick" }, icon("check")));
  return h("label", { class: "look own" }, input, art, h("span", {}, t("A picture of your own")));
}

/** "All 23 looks" when they don't fit in one row. */
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
