// The visitor's jobs as the server knows them: fetched, kept up to date, and what the buttons do with them.
import { announce } from "./announce.js";
import { Failure, getJson, post, remove } from "./api.js";
import { say } from "./composer.js";
import { newKey } from "./element.js";
import { startLive } from "./live.js";
import { showQuota } from "./quota.js";
import { t } from "./texts.js";
import { drop, reveal, show, views } from "./thread.js";
import { complaint } from "./words.js";

export const JOBS = "/api/jobs";

let follow = () => {};

/** Show a job as it is now. */
export function update(view) {
  show(view.id, view, deeds(view.id));
}

/** Something has changed that others may feel: a place in line, a unit. */
export function changed() {
  follow();
  showQuota();
}

/** Ask for all jobs; what another tab added or deleted comes or goes. */
export async function refresh(options) {
  const before = views().filter((view) => !view.local).map((view) => view.id);
  const jobs = await history();
  if (!jobs) return;
  for (const view of jobs.reverse()) show(view.id, view, deeds(view.id), undefined, options);
  const now = new Set(jobs.map((view) => view.id));
  for (const id of before) if (!now.has(id)) drop(id);
  changed();
}

/** Fetch what there is and follow what is open. */
export async function openJobs() {
  follow = startLive({ open: () => views().filter((view) => !view.local && !view.ended), update, refresh });
  await refresh();
  const newest = views().at(-1);
  if (newest) reveal(newest.id, "instant");
}

/** All jobs, newest first; null when nobody answers just now: the next look will tell. */
async function history() {
  try {
    return (await getJson(JOBS)).jobs;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

function deeds(id) {
  const address = `${JOBS}/${id}`;
  const attempt = (deed) => deed().catch((error) => say(complaint(error)));
  return {
    again: (style) => attempt(() => again(address, style)),
    cancel: () => attempt(() => cancel(address)),
    delete: () => attempt(() => erase(address, id)),
  };
}

async function again(address, style) {
  const job = await post(`${address}/again`, style ? { key: newKey(), style } : { key: newKey() });
  update(job);
  reveal(job.id);
  changed();
}

async function cancel(address) {
  const job = await remove(address);
  if (job) update(job);
  await refresh();
}

async function erase(address, id) {
  await remove(address);
  drop(id);
  announce(t("Deleted."));
  changed();
}
