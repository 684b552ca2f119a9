// Keeps the open jobs up to date: the nearest ones by server-sent events, the others by polling.
// Browsers allow six connections to a server over HTTP/1.1, over all tabs: so few streams, and none in a hidden tab.
import { inLanguage } from "./api.js";
import { distance } from "./words.js";

const STREAMS = 2;
const POLL_MS = 12_000;
const SOON_MS = 1_500;

/** @type {Map<number, EventSource>} by the job's id */
const streams = new Map();
let soon = 0;

/**
 * @typedef {object} Live
 * @property {() => Job[]} open the jobs that have not ended
 * @property {(view: Job) => void} update takes a newer view
 * @property {() => void} refresh asks for all jobs
 */

/**
 * Start following; returns what to call when the open jobs have changed.
 * @param {Live} live
 */
export function startLive({ open, update, refresh }) {
  const nearest = () => open().sort((a, b) => distance(a) - distance(b)).slice(0, STREAMS).map((view) => view.id);
  const later = () => {
    soon ||= setTimeout(() => {
      soon = 0;
      refresh();
    }, SOON_MS);
  };
  const follow = () => {
    const wanted = document.hidden ? [] : nearest();
    for (const id of streams.keys()) if (!wanted.includes(id)) close(id);
    for (const id of wanted) if (!streams.has(id)) streams.set(id, listen(id, { open, update, later, follow }));
  };
  document.addEventListener("visibilitychange", () => {
    follow();
    if (!document.hidden) refresh();
  });
  setInterval(() => {
    if (open().length) refresh();
  }, POLL_MS);
  return follow;
}

/**
 * @param {number} id
 * @param {Omit<Live, "refresh"> & {later: () => void, follow: () => void}} live
 */
function listen(id, { update, later, follow, open }) {
  const stream = new EventSource(inLanguage(`/api/jobs/${id}/events`));
  /** @type {Job | null} */
  let before = null;
  stream.addEventListener("job", (event) => {
    const view = /** @type {Job} */ (JSON.parse(event.data));
    update(view);
    if (view.ended) close(id);
    const moved = before && (before.state !== view.state || before.place !== view.place);
    before = view;
    if (view.ended || (moved && open().length > 1)) later();
    if (view.ended) follow();
  });
  stream.onerror = () => {
    if (stream.readyState !== EventSource.CLOSED) return; // it reconnects by itself
    close(id);
    later();
  };
  return stream;
}

/** @param {number} id */
function close(id) {
  streams.get(id)?.close();
  streams.delete(id);
}
