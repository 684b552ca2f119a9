// The visitor's jobs as the server knows them: fetched, kept up to date, and what the buttons do with them.
import { announce } from "./announce.js";
import { Failure, getJson, post, remove } from "./api.js";
import { say } from "./composer.js";
import { newKey } from "./element.js";
import { startLive } from "./live.js";
import { showQuota } from "./quota.js";
import { t } from "./texts.js";
import { drop, jobViews, reveal, show, views } from "./thread.js";
import { complaint } from "./words.js";

export const JOBS = "/api/jobs";

let follow = () => {};

/**
 * Show a job as it is now.
 * @param {Job} view
 */
export function update(view) {
  show(view.id, view, actionsOn(view.id));
}

/** Something changed that affects the rest of the page: places in the queue, the quota. */
export function changed() {
  follow();
  showQuota();
}

/**
 * Fetch all jobs; what another tab added or deleted appears or disappears.
 * @param {{redraw?: boolean}} [options]
 */
export async function refresh(options) {
  const before = jobViews().map((view) => view.id);
  const jobs = await history();
  if (!jobs) return;
  for (const view of jobs.reverse()) show(view.id, view, actionsOn(view.id), undefined, options);
  const now = new Set(jobs.map((view) => view.id));
  for (const id of before) if (!now.has(id)) drop(id);
  changed();
}

/** Fetch all jobs and follow the open ones. */
export async function openJobs() {
  follow = startLive({ open: () => jobViews().filter((view) => !view.ended), update, refresh });
  await refresh();
  const newest = views().at(-1);
  if (newest?.id) reveal(newest.id, "instant");
}

/**
 * All jobs, newest first; null when the server doesn't answer: the next poll will.
 * @returns {Promise<Job[] | null>}
 */
async function history() {
  try {
    return (await getJson(JOBS)).jobs;
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/**
 * @param {number} id
 * @returns {JobActions}
 */
function actionsOn(id) {
  const address = `${JOBS}/${id}`;
  /** @param {() => Promise<void>} action */
  const attempt = (action) => action().catch((error) => say(complaint(error)));
  return {
    again: (style) => attempt(() => again(address, style)),
    cancel: () => attempt(() => cancel(address)),
    delete: () => attempt(() => erase(address, id)),
  };
}

/**
 * @param {string} address
 * @param {string} [style]
 */
async function again(address, style) {
  const job = await post(`${address}/again`, style ? { key: newKey(), style } : { key: newKey() });
  update(job);
  reveal(job.id);
  changed();
}

/** @param {string} address */
async function cancel(address) {
  const job = await remove(address);
  if (job) update(job);
  await refresh();
}

/**
 * @param {string} address
 * @param {number} id
 */
async function erase(address, id) {
  await remove(address);
  drop(id);
  announce(t("Deleted."));
  changed();
}
