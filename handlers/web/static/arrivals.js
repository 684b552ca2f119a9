// How photos get in: the file button, the camera, dropping anywhere on the page, pasting.
import { at } from "./element.js";

/** @typedef {(files: File[]) => void} Take */

/**
 * `take` gets the files, whichever way they came.
 * @param {Take} take
 */
export function onArrival(take) {
  for (const input of [at("files"), at("camera")]) {
    input.addEventListener("change", () => {
      take([...(input.files ?? [])]);
      input.value = ""; // the same photo may be chosen again
    });
  }
  document.addEventListener("paste", (event) => hand(event.clipboardData, take));
  onDrop(take);
}

/** @param {Take} take */
function onDrop(take) {
  let depth = 0; // dragenter and dragleave fire for every element on the way
  /** @param {DragEvent} event */
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const show = () => document.body.classList.toggle("dropping", depth > 0);
  document.addEventListener("dragenter", (event) => carriesFiles(event) && ((depth += 1), show()));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && ((depth = Math.max(0, depth - 1)), show()));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    depth = 0;
    show();
    if (!carriesFiles(event)) return;
    event.preventDefault();
    hand(event.dataTransfer, take);
  });
}

/**
 * @param {DataTransfer | null} data
 * @param {Take} take
 */
function hand(data, take) {
  const files = [...(data?.files ?? [])];
  if (files.length) take(files);
}
