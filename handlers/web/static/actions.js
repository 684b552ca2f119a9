// What can be done with a job, as buttons: which ones depends on its state alone.
import { h, icon } from "./element.js";
import { lookButtons } from "./looks.js";
import { t } from "./texts.js";

const SURE_MS = 5000;

/** The buttons for a job; `does` has again(style?), cancel(), delete(), retry(), discard(). */
export function actionsFor(view, does) {
  if (view.state === "uploading") return [];
  if (view.local) return [button("again", t("Try again"), does.retry, "accent"), quiet("close", t("Take away"), does.discard)];
  if (view.result_url) return finished(view, does);
  if (!view.ended) return [quiet("close", t("Cancel"), does.cancel)];
  const again = view.photo_url ? [button("again", t("Try again"), () => does.again()), otherLook(view, does)] : [];
  return [...again, deletion(does)];
}

function finished(view, does) {
  const save = h("a", { class: "button accent", href: `${view.result_url}?download`, download: "" }, icon("download"), t("Download"));
  const again = view.photo_url ? [button("again", t("Once more"), () => does.again()), otherLook(view, does)] : [];
  return [save, ...sharing(view), ...again, deletion(does)];
}

function button(drawing, words, onclick, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`, onclick }, icon(drawing), words);
}

function quiet(drawing, words, onclick) {
  return h("button", { type: "button", class: "plain", onclick }, icon(drawing), words);
}

/** "Another look" opens the looks under the buttons. */
function otherLook(view, does) {
  const open = button("other", t("Another look"), () => {
    const card = open.closest(".card");
    const shelf = card.querySelector(".elsewhere");
    open.setAttribute("aria-expanded", String(!shelf));
    if (shelf) return shelf.remove();
    const pick = (style) => {
      card.querySelector(".elsewhere")?.remove();
      open.setAttribute("aria-expanded", "false");
      does.again(style);
    };
    const looks = h("div", { class: "elsewhere", role: "group", "aria-label": t("Choose another look") }, lookButtons(pick, view.style));
    card.append(looks);
    looks.scrollIntoView({ block: "nearest" });
    return looks.querySelector("button")?.focus();
  });
  open.setAttribute("aria-expanded", "false");
  return open;
}

/** Deleting asks once more, in the same place, and forgets the question by itself. */
function deletion(does) {
  const words = h("span", {}, t("Delete"));
  const calm = () => {
    words.textContent = t("Delete");
    element.classList.remove("sure");
  };
  const element = h("button", { type: "button", class: "plain" }, icon("bin"), words);
  element.onblur = calm;
  element.onclick = () => {
    if (element.classList.contains("sure")) return does.delete();
    words.textContent = t("Delete for good?");
    element.classList.add("sure");
    return setTimeout(calm, SURE_MS);
  };
  return element;
}

/** On phones: hand the picture to another app. */
function sharing(view) {
  if (!navigator.canShare || !matchMedia("(pointer: coarse)").matches) return [];
  const share = async () => {
    const picture = await (await fetch(view.result_url)).blob();
    const file = new File([picture], `repaint-${view.id}.jpg`, { type: "image/jpeg" });
    await navigator.share({ files: [file] }).catch(() => null); // closing the sheet is no error
  };
  return [button("share", t("Share"), share)];
}
