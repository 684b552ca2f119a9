// The photos of the next request: thumbnails in a row, each can be removed.
import { at, h, icon } from "./element.js";
import { t } from "./texts.js";

const MOST_BYTES = 20 * 1024 * 1024;
const MOST_AT_ONCE = 10;

/** @type {AddedPicture[]} */
let photos = [];
let changed = () => {};

/** @param {() => void} listener */
export const onPhotos = (listener) => {
  changed = listener;
};
export const picked = () => photos;

/**
 * Add files. Returns a sentence if some could not be added, else "".
 * @param {File[]} files
 */
export function addPhotos(files) {
  const pictures = files.filter((file) => file.type === "" || file.type.startsWith("image/"));
  const fitting = pictures.filter((file) => file.size <= MOST_BYTES);
  const taken = fitting.slice(0, MOST_AT_ONCE - photos.length);
  photos = [...photos, ...taken.map((file) => ({ file, url: URL.createObjectURL(file) }))];
  draw();
  if (pictures.length < files.length) return t("Only pictures can be painted; the other files were left out.");
  if (fitting.length < pictures.length) return t("That file is too large. Photos can be up to 20 MB.");
  return taken.length < fitting.length ? t("Ten photos at a time, please.") : "";
}

/** Hand over the photos and start with none. Their object URLs stay in use in the conversation. */
export function takePhotos() {
  const taken = photos;
  photos = [];
  draw();
  return taken;
}

export function drawPhotos() {
  at("picked").replaceChildren(...photos.map(thumb));
}

function draw() {
  document.body.toggleAttribute("data-picked", photos.length > 0);
  drawPhotos();
  changed();
}

/**
 * @param {AddedPicture} photo
 * @param {number} index
 */
function thumb(photo, index) {
  const name = t("Photo {n}: {name}", { n: index + 1, name: photo.file.name });
  const without = () => {
    photos = photos.filter((other) => other !== photo);
    URL.revokeObjectURL(photo.url);
    draw();
    (at("picked").querySelectorAll("button")[index] ?? at("files")).focus();
  };
  const words = { "aria-label": t("Remove {name}", { name: photo.file.name }) };
  const button = h("button", { type: "button", onclick: without, ...words }, icon("close"));
  return h("li", {}, preview(photo, name), button);
}

/**
 * The photo as an image, or its file type if the browser can't show it (HEIC outside Safari).
 * @param {Picture} photo
 * @param {string} alt
 */
export function preview(photo, alt) {
  const image = h("img", { src: photo.url, alt });
  const kind = (photo.file?.name.match(/\.(\w{2,5})$/)?.[1] ?? "?").toUpperCase();
  image.onerror = () => image.replaceWith(h("span", { class: "blank", role: "img", "aria-label": alt }, kind));
  return image;
}
