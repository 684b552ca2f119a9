// How a job's state is said. Pure: a view in, a sentence out.
import { Failure, OFFLINE } from "./api.js";
import { duration, t } from "./texts.js";

/** What the card says now. */
export function status(view) {
  switch (view.state) {
    case "uploading":
      return t("Sending your photo… {percent} %", { percent: Math.round((view.progress ?? 0) * 100) });
    case "queued":
      return view.paused ? t("The painter is taking a break. Your place is kept.") : waiting(view);
    case "submitting":
      return t("It's your turn.");
    case "running":
      return running(view);
    case "fetching":
      return t("Almost dry…");
    case "failed":
      return view.error?.message ?? t("That didn't work.");
    case "canceled":
      return t("Cancelled. This one doesn't count.");
    default:
      return view.cropped ? t("The photo was very long, so it was trimmed around the face.") : "";
  }
}

function waiting(view) {
  const place = view.place === 1 ? t("You're next") : t("Place {n} in line", { n: view.place });
  return view.eta_seconds === null ? place : `${place} · ${left(view)}`;
}

function running(view) {
  const percent = Math.round((view.progress ?? 0) * 100);
  const painting = view.progress === null ? t("Painting…") : t("Painting… {percent} %", { percent });
  return view.eta_seconds === null ? painting : `${painting} · ${left(view)}`;
}

function left(view) {
  const time = duration(view.eta_seconds);
  return view.eta_is_least ? t("at least {time}", { time }) : t("about {time}", { time });
}

/** What is said aloud: only what is worth an interruption, so percents are left out. */
export function spokenStatus(view) {
  const look = lookOf(view);
  if (view.result_url) return t("{look}: your picture is ready.", { look });
  if (view.state === "running") return t("{look}: painting has begun.", { look });
  return `${look}: ${status(view)}`;
}

export const lookOf = (view) => view.style_name ?? t("In the style of your picture");

/** A sentence for anything that was thrown. */
export function complaint(error) {
  if (!(error instanceof Failure)) throw error;
  if (error.code === OFFLINE || !error.message) return t("The connection was lost. Please try again.");
  return error.message;
}
