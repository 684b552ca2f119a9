// A job's state in words. Pure: a view in, a sentence out.
import { Failure, OFFLINE } from "./api.js";
import { durationRange, t } from "./texts.js";

/**
 * The text of the card.
 * @param {View} view
 */
export function status(view) {
  switch (view.state) {
    case "uploading":
      return t("Sending your photo… {percent} %", { percent: Math.round((view.progress ?? 0) * 100) });
    case "queued":
      return halted(view) ?? waiting(view);
    case "submitting":
      return halted(view) ?? t("It's your turn.");
    case "running":
      return halted(view) ?? running(view);
    case "fetching":
      return t("Almost done…");
    case "failed":
      return view.error?.message ?? t("That didn't work.");
    case "canceled":
      return t("Cancelled. This one doesn't count.");
    default:
      return view.cropped ? t("The photo was very long, so it was trimmed around the face.") : "";
  }
}

/**
 * Why nothing goes on at present.
 * @param {View} view
 */
function halted(view) {
  if (view.paused) return t("Painting is paused. Your place is kept.");
  return view.away ? t("The painting service is away at the moment. Your photo keeps its place.") : null;
}

/** @param {View} view */
function waiting(view) {
  return withTimeLeft(placeOf(view), view);
}

/**
 * How many are before it, for sorting; a photo after the visitor's first has no place yet.
 * @param {View} view
 */
export function distance(view) {
  return view.place ?? (view.eta_is_least ? Infinity : 0);
}

/**
 * A place is promised for the next photo only.
 * @param {View} view
 */
function placeOf(view) {
  if (!view.place && view.eta_is_least) return t("After your first photo");
  return view.place === 1 ? t("You're next") : t("Place {n} in the queue", { n: view.place ?? "?" });
}

/** @param {View} view */
function running(view) {
  const percent = Math.round((view.progress ?? 0) * 100);
  const painting = view.progress === null ? t("Painting…") : t("Painting… {percent} %", { percent });
  return withTimeLeft(painting, view);
}

/**
 * @param {string} words
 * @param {View} view
 */
function withTimeLeft(words, view) {
  if (view.eta_seconds === null || view.eta_seconds === undefined) return words;
  const [least, most] = view.eta_range ?? [view.eta_seconds, view.eta_seconds];
  const time = durationRange(least, most);
  return `${words} · ${view.eta_is_least ? t("at least {time}", { time }) : t("about {time}", { time })}`;
}

/**
 * The announcement for screen readers: only what is worth an interruption, so without percentages.
 * @param {View} view
 */
export function spokenStatus(view) {
  const look = lookOf(view);
  if (view.result_url) return t("{style}: your picture is ready.", { style: look });
  if (view.state === "running") return t("{style}: painting has started.", { style: look });
  return `${look}: ${status(view)}`;
}

/** @param {View} view */
export const lookOf = (view) => view.style_name ?? t("In the style of your picture");

/**
 * The sentence to show for an error.
 * @param {unknown} error
 */
export function complaint(error) {
  if (!(error instanceof Failure)) throw error;
  if (error.code === OFFLINE || !error.message) return t("The connection was lost. Please try again.");
  return error.message;
}
