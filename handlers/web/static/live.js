// Keeps the open jobs up to date: the nearest ones by server-sent events, the others by asking now and then.
// Browsers allow six connections to a server over HTTP/1.1, over all tabs: so few streams, and none in a hidden tab.
import { inLanguage } from "./api.js";

const STREAMS = 2;
const ASK_MS = 12_000;
const SOON_MS = 1_500;

const streams = new Map(); // id → EventSource
let soon = 0;

/** `open()` gives the open views, `update(view)` takes a newer one, `refresh()` asks for them all. */
export function startLive({ open, update, refresh }) {
  const nearest = () => open().sort((a, b) => (a.place ?? 0) - (b.place ?? 0)).slice(0, STREAMS).map((view) => view.id);
  const later = () => {
    soon ||= setTimeout(() => {
      soon = 0;
      refresh();
    }, SOON_MS);
  };
  const follow = () => {
    const wanted = document.hidden ? [] : nearest();
    for (const id of streams.keys()) if (!wanted.includes(id)) hang(id);
    for (const id of wanted) if (!streams.has(id)) streams.set(id, listen(id, { update, later, follow, open }));
  };
  document.addEventListener("visibilitychange", () => {
    follow();
    if (!document.hidden) refresh();
  });
  setInterval(() => open().length && refresh(), ASK_MS);
  return follow;
}

function listen(id, { update, later, follow, open }) {
  const stream = new EventSource(inLanguage(`/api/jobs/${id}/events`));
  let before = null;
  stream.addEventListener("job", (event) => {
    const view = JSON.parse(event.data);
    update(view);
    if (view.ended) hang(id);
    const moved = before && (before.state !== view.state || before.place !== view.place);
    before = view;
    if (view.ended || (moved && open().length > 1)) later();
    if (view.ended) follow();
  });
  stream.onerror = () => {
    if (stream.readyState !== EventSource.CLOSED) return; // it reconnects by itself
    hang(id);
    later();
  };
  return stream;
}

function hang(id) {
  streams.get(id)?.close();
  streams.delete(id);
}
