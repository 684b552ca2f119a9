// The picture in full size, with the same line.
import { canvas, comparable } from "./compare.js";
import { at, h, icon } from "./element.js";
import { t } from "./texts.js";
import { lookOf } from "./words.js";

/**
 * @param {View} view
 * @param {string | null} photo
 */
export function enlarge(view, photo) {
  const dialog = at("viewer");
  const { element, over, under } = canvas();
  under.src = view.result_url ?? "";
  under.alt = t("Your portrait: {style}", { style: lookOf(view) });
  if (photo) over.src = photo;
  else over.remove();
  const frame = h("div", { class: "frame", "data-stage": "done" }, element);
  if (view.width && view.height) frame.style.setProperty("--ratio", String(view.width / view.height));
  const props = { type: "button", class: "button round leave", "aria-label": t("Close") };
  const leave = h("button", { ...props, onclick: () => dialog.close() }, icon("close"));
  dialog.replaceChildren(leave, frame);
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close();
  };
  dialog.onclose = () => dialog.replaceChildren();
  if (photo) comparable(element, 0);
  dialog.showModal();
}
