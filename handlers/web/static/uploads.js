// A request being uploaded: shown at once, then replaced by its job, or kept with the reason why it failed.
import { announce } from "./announce.js";
import { Failure, upload } from "./api.js";
import { say } from "./composer.js";
import { newKey } from "./element.js";
import { changed, JOBS, update } from "./jobs.js";
import { t } from "./texts.js";
import { drop, has, rename, reveal, show, views } from "./thread.js";
import { complaint } from "./words.js";

let sending = Promise.resolve(); // one upload at a time, in the order of the requests

/**
 * Upload a request from the composer. Its key makes sending it twice harmless.
 * @param {NewRequest} request
 */
export function submit({ photo, look, name, reference }) {
  const key = newKey();
  const far = views().some((view) => !view.ended);
  const begun = { state: "uploading", created: Date.now() / 1000, progress: 0, ended: false, error: null };
  const view = /** @type {View} */ ({ ...begun, local: true, style_name: name, far });
  const start = () => {
    sending = sending.then(() => send(key, view, { photo, look, reference }));
  };
  const retry = () => {
    show(key, view);
    start();
  };
  show(key, view, { retry, discard: () => drop(key) }, { photo, reference }).element.classList.add("new");
  reveal(key);
  announce(t("Sending your photo."));
  start();
}

/**
 * @param {string} key
 * @param {View} view
 * @param {Pick<NewRequest, "photo" | "look" | "reference">} request
 */
async function send(key, view, { photo, look, reference }) {
  const form = new FormData();
  form.append("key", key);
  if (reference) form.append("reference", reference.file);
  else form.append("style", look);
  form.append("photo", photo.file);
  try {
    const job = await upload(JOBS, form, (progress) => show(key, { ...view, progress }));
    accept(key, job);
  } catch (error) {
    const message = complaint(error);
    const retryable = error instanceof Failure && error.retryable;
    show(key, { ...view, state: "failed", ended: true, error: { message, retryable } });
    announce(message);
  }
}

/**
 * @param {string} key
 * @param {Job} job
 */
function accept(key, job) {
  if (has(job.id)) {
    drop(key);
    say(t("You already have this one: here it is."));
  } else {
    rename(key, job.id);
  }
  update(job);
  if (job.repeated) reveal(job.id);
  changed();
}
