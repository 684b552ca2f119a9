// The example on the welcome screen: a portrait before and after, to try the line on.
import { canvas, comparable } from "./compare.js";
import { at } from "./element.js";
import { lookBySlug } from "./looks.js";

const FIRST = "future"; // an obvious change
const REST = 42;

/** @type {CanvasParts | null} */
let parts = null;

/** @param {string | null} [slug] */
export function showExample(slug = FIRST) {
  const look = lookBySlug(slug);
  if (!look?.sample_url) return;
  if (!parts) {
    parts = canvas();
    parts.over.src = "/samples/original.jpg";
    at("example").append(parts.element);
    at("example").dataset.stage = "done";
  }
  parts.under.src = look.sample_url;
  at("example-look").textContent = look.name;
  comparable(parts.element, REST);
}
