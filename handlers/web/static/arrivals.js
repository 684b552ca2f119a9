// The ways in: the file button, the camera, dropping anywhere on the page, and pasting.
import { at } from "./element.js";

/** `take` gets the files, whichever way they came. */
export function onArrival(take) {
  for (const id of ["files", "camera"]) {
    at(id).addEventListener("change", () => {
      take([...at(id).files]);
      at(id).value = ""; // the same photo may be chosen again
    });
  }
  document.addEventListener("paste", (event) => hand(event.clipboardData, take));
  onDrop(take);
}

function onDrop(take) {
  let depth = 0; // dragenter and dragleave come for every element passed
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

function hand(data, take) {
  const files = [...(data?.files ?? [])];
  if (files.length) take(files);
}
