// The buttons of a job. Which ones there are depends on its state alone.
import { at, find, h, icon } from "./element.js";
import { lookButtons } from "./looks.js";
import { t } from "./texts.js";

const SURE_MS = 5000;

/**
 * The buttons under a job.
 * @param {View} view
 * @param {Actions} does
 */
export function actionsFor(view, does) {
  if (view.local) return view.ended ? [localRepair(view, does)] : [];
  if (!view.ended) return [];
  const again = view.photo_url ? [button("again", againWords(view), () => does.again?.()), otherLook(view, does)] : [];
  return view.result_url ? [download(view), ...sharing(view), ...again] : again;
}

/**
 * The unobtrusive button at the edge: cancels, deletes or removes.
 * @param {View} view
 * @param {Actions} does
 */
export function edgeFor(view, does) {
  if (view.local) return view.ended ? quiet("close", t("Remove"), does.discard) : null;
  return view.ended ? deletion(does) : quiet("close", t("Cancel"), does.cancel);
}

/** @param {View} view */
const againWords = (view) => (view.result_url ? t("Paint again") : t("Try again"));

/**
 * @param {View} view
 * @param {Actions} does
 */
function localRepair(view, does) {
  if (view.error?.retryable) return button("again", t("Try again"), does.retry);
  return button("plus", t("Choose another photo"), () => {
    does.discard?.();
    at("files").click();
  });
}

/** @param {View} view */
function download(view) {
  const props = { class: "button accent", href: `${view.result_url}?download`, download: "" };
  return h("a", props, icon("download"), t("Download"));
}

/**
 * @param {string} drawing
 * @param {string} words
 * @param {(() => void) | undefined} onclick
 */
function button(drawing, words, onclick) {
  return h("button", { type: "button", class: "button", onclick }, icon(drawing), words);
}

/**
 * @param {string} drawing
 * @param {string} words
 * @param {(() => void) | undefined} onclick
 */
function quiet(drawing, words, onclick) {
  return h("button", { type: "button", class: "plain", onclick }, icon(drawing), words);
}

/**
 * "Another look" opens the looks under the buttons.
 * @param {View} view
 * @param {Actions} does
 */
function otherLook(view, does) {
  const open = button("other", t("Another style"), () => {
    const card = open.closest(".card");
    const shown = card?.querySelector(".elsewhere");
    open.setAttribute("aria-expanded", String(!shown));
    if (shown) return shown.remove();
    /** @param {string} style */
    const pick = (style) => {
      card?.querySelector(".elsewhere")?.remove();
      open.setAttribute("aria-expanded", "false");
      does.again?.(style);
    };
    const props = { class: "elsewhere", role: "group", "aria-label": t("Choose another style") };
    const looks = h("div", props, lookButtons(pick, view.style));
    card?.append(looks);
    looks.scrollIntoView({ block: "nearest" });
    return find(looks, "button")?.focus({ focusVisible: false });
  });
  open.setAttribute("aria-expanded", "false");
  return open;
}

/**
 * Delete asks for confirmation in the same place; the question disappears by itself.
 * @param {Actions} does
 */
function deletion(does) {
  const words = h("span", { class: "unseen" }, t("Delete"));
  const calm = () => {
    words.textContent = t("Delete");
    words.className = "unseen";
    element.classList.remove("sure");
  };
  const element = h("button", { type: "button", class: "plain", title: t("Delete") }, icon("bin"), words);
  element.onblur = calm;
  element.onclick = () => {
    if (element.classList.contains("sure")) return does.delete?.();
    words.textContent = t("Delete for good?");
    words.className = "";
    element.classList.add("sure");
    return setTimeout(calm, SURE_MS);
  };
  return element;
}

/**
 * On phones: share the picture with another app.
 * @param {View} view
 */
function sharing(view) {
  const { result_url: address } = view;
  if (!address || !navigator.canShare || !matchMedia("(pointer: coarse)").matches) return [];
  const share = async () => {
    const picture = await (await fetch(address)).blob();
    const file = new File([picture], `repaint-${view.id}.jpg`, { type: "image/jpeg" });
    await navigator.share({ files: [file] }).catch(() => null); // closing the share sheet is not an error
  };
  return [button("share", t("Share"), share)];
}
