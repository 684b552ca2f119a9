// Before and after, divided by a movable line: drag anywhere on the picture, or use the arrow keys.
import { h } from "./element.js";
import { t } from "./texts.js";

/**
 * A canvas of two pictures; `over`, the photo, covers `under`, the result, up to the line. Either may be set later.
 * @returns {CanvasParts}
 */
export function canvas() {
  const under = h("img", { class: "under", alt: "", draggable: false });
  const over = h("img", { class: "over", alt: "", draggable: false });
  const line = h("span", { class: "line", "aria-hidden": "true" });
  const element = h("div", { class: "canvas" }, under, over, line, h("span", { class: "grip", "aria-hidden": "true" }));
  return { element, under, over };
}

/**
 * Put the line at `percent` of the width.
 * @param {HTMLElement} element
 * @param {number} percent
 */
export function split(element, percent) {
  element.style.setProperty("--split", `${percent}%`);
  element.classList.toggle("at-start", percent < 18);
  element.classList.toggle("at-end", percent > 82);
}

/**
 * Make a canvas comparable, with the line at `rest` percent at first. Calling it again only updates the texts.
 * @param {HTMLElement} element
 * @param {number} rest
 */
export function comparable(element, rest) {
  element.querySelector(".compare")?.remove();
  for (const tag of element.querySelectorAll(".tag")) tag.remove();
  const words = { "aria-label": t("Compare before and after") };
  const range = h("input", { class: "compare", type: "range", min: 0, max: 100, step: 5, ...words });
  /** @param {number} percent */
  const show = (percent) => {
    split(element, percent);
    range.value = String(percent);
    range.setAttribute("aria-valuetext", t("{percent} % of the photo shown", { percent: Math.round(percent) }));
  };
  range.addEventListener("input", () => show(Number(range.value)));
  element.append(h("span", { class: "tag before" }, t("Before")), h("span", { class: "tag after" }, t("After")), range);
  element.onpointerdown = (event) => drag(element, event, show);
  show(rest);
}

/**
 * @param {HTMLElement} element
 * @param {PointerEvent} start
 * @param {(percent: number) => void} show
 */
function drag(element, start, show) {
  if (start.button !== 0) return;
  const box = element.getBoundingClientRect();
  /** @param {PointerEvent} event */
  const move = (event) => show(Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100)));
  element.setPointerCapture(start.pointerId);
  element.classList.add("held");
  move(start);
  element.onpointermove = move;
  element.onpointerup = element.onpointercancel = () => {
    element.classList.remove("held");
    element.onpointermove = null;
  };
}
