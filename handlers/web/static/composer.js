// Where a request is put together: photos, a look, then sent.
import { onArrival } from "./arrivals.js";
import { at, find } from "./element.js";
import { chosen, choose, loadLooks, nameOf, OWN } from "./looks.js";
import { remember, remembered } from "./memory.js";
import { addPhotos, drawPhotos, onPhotos, picked, takePhotos } from "./photos.js";
import { t } from "./texts.js";

/** @type {AddedPicture | null} */
let reference = null;
let trouble = "";

/**
 * `onrequest` gets each request, `onlook` each chosen look.
 * @param {{onrequest: (request: NewRequest) => void, onlook: (slug: string | null) => void}} listeners
 */
export async function openComposer({ onrequest, onlook }) {
  onPhotos(refresh);
  onArrival((files) => say(addPhotos(files)));
  at("looks").addEventListener("change", () => {
    say("");
    onlook(chosen());
  });
  at("reference").addEventListener("change", takeReference);
  at("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send(onrequest);
  });
  await drawComposer();
  choose(remembered("look"));
  refresh();
}

/** Draw everything in the current language. */
export async function drawComposer() {
  await loadLooks({ reference: reference?.url, onown: () => at("reference").click() });
  drawPhotos();
  refresh();
}

/**
 * Show a sentence above the buttons; "" removes it.
 * @param {string} sentence
 */
export function say(sentence) {
  trouble = sentence;
  refresh();
}

async function takeReference() {
  const file = at("reference").files?.[0];
  at("reference").value = "";
  if (!file) return;
  if (reference) URL.revokeObjectURL(reference.url);
  reference = { file, url: URL.createObjectURL(file) };
  await drawComposer();
  choose(OWN);
  say("");
}

function missing() {
  const look = chosen();
  if (!picked().length) return t("Add a photo first.");
  if (!look) return t("Choose a style.");
  return look === OWN && !reference ? t("Choose a picture whose style you like.") : "";
}

function refresh() {
  const n = picked().length;
  at("note").textContent = trouble;
  at("send").textContent = n > 1 ? t("Paint {n}", { n }) : t("Paint");
  at("send").setAttribute("aria-disabled", String(Boolean(missing())));
}

/** @param {(request: NewRequest) => void} onrequest */
function send(onrequest) {
  const lacking = missing();
  if (lacking) {
    say(lacking);
    const wanted = picked().length ? find(document, "#looks input:checked, #looks input") : at("files");
    wanted?.focus();
    return;
  }
  const look = chosen() ?? OWN; // missing() has checked that there is one
  const own = look === OWN;
  if (!own) remember("look", look);
  for (const photo of takePhotos()) onrequest({ photo, look, name: nameOf(look), reference: own ? reference : null });
  say("");
}
