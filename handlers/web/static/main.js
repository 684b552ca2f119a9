// Puts the parts together.
import { announce } from "./announce.js";
import { getJson, post, remove, upload } from "./api.js";
import { drawComposer, openComposer, say } from "./composer.js";
import { at, icon, newKey } from "./element.js";
import { showExample } from "./example.js";
import { startLive } from "./live.js";
import { chosen, fold } from "./looks.js";
import { showQuota } from "./quota.js";
import { choose, other, speak, spoken, t } from "./texts.js";
import { drop, has, rename, reveal, show, views } from "./thread.js";
import { complaint } from "./words.js";

const HISTORY = "/api/jobs";
let sending = Promise.resolve(); // one upload at a time, in the order of the wishes
let follow = () => {};

function update(view) {
  show(view.id, view, deeds(view.id));
}

async function refresh(options) {
  const before = new Set(views().filter((view) => !view.local).map((view) => view.id));
  const { jobs } = await getJson(HISTORY);
  for (const view of jobs.reverse()) show(view.id, view, deeds(view.id), undefined, options);
  const now = new Set(jobs.map((view) => view.id));
  for (const id of before) if (!now.has(id)) drop(id);
  follow();
  showQuota();
}

function wish({ photo, look, name, reference }) {
  const key = newKey();
  const view = { local: true, state: "uploading", style_name: name, created: Date.now() / 1000, progress: 0, error: null, ended: false };
  const again = () => {
    show(key, view);
    sending = sending.then(() => send(key, view, { photo, look, reference }));
  };
  show(key, view, { retry: again, discard: () => drop(key) }, { photo, reference }).element.classList.add("new");
  reveal(key);
  announce(t("Sending your photo."));
  sending = sending.then(() => send(key, view, { photo, look, reference }));
}

async function send(key, view, { photo, look, reference }) {
  const form = new FormData();
  form.append("key", key);
  if (reference) form.append("reference", reference.file);
  else form.append("style", look);
  form.append("photo", photo.file);
  try {
    const job = await upload(HISTORY, form, (progress) => show(key, { ...view, progress }));
    accept(key, job);
  } catch (error) {
    show(key, { ...view, state: "failed", ended: true, error: { message: complaint(error), retryable: error.retryable } });
    announce(complaint(error));
  }
}

function accept(key, job) {
  if (has(job.id)) {
    drop(key);
    say(t("You had this one already: here it is."));
  } else {
    rename(key, job.id);
  }
  const turn = show(job.id, job);
  Object.assign(turn.does, deeds(job.id));
  if (job.repeated) reveal(job.id);
  follow();
  showQuota();
}

function deeds(id) {
  const address = `${HISTORY}/${id}`;
  const attempt = (deed) => deed().catch((error) => say(complaint(error)));
  return {
    again: (style) => attempt(async () => {
      const job = await post(`${address}/again`, style ? { key: newKey(), style } : { key: newKey() });
      update(job);
      reveal(job.id);
      follow();
      showQuota();
    }),
    cancel: () => attempt(async () => {
      const job = await remove(address);
      if (job) update(job);
      refresh();
    }),
    delete: () => attempt(async () => {
      await remove(address);
      drop(id);
      announce(t("Deleted."));
      showQuota();
    }),
  };
}

async function inLanguage(wanted) {
  await (wanted ? choose(wanted) : speak());
  const [tag, name] = other();
  at("language").textContent = name;
  at("language").lang = tag;
  at("language").onclick = async () => {
    await inLanguage(tag);
    await drawComposer();
    showExample(chosen() ?? undefined);
    await refresh({ redraw: true });
  };
  drawTheme();
}

function drawTheme() {
  const { now } = window.repaintTheme;
  const words = { auto: t("Appearance: as the system"), light: t("Appearance: light"), dark: t("Appearance: dark") };
  at("theme").replaceChildren(icon({ auto: "auto", light: "sun", dark: "moon" }[now]));
  at("theme").title = words[now];
  at("theme").setAttribute("aria-label", words[now]);
}

at("theme").onclick = () => {
  window.repaintTheme.next();
  drawTheme();
};
addEventListener("resize", fold);

await inLanguage();
await openComposer({ onwish: wish, onlook: (look) => showExample(look) });
showExample();
follow = startLive({ open: () => views().filter((view) => !view.local && !view.ended), update, refresh });
await refresh();
const newest = views().at(-1);
if (newest) reveal(newest.id, "instant");
document.documentElement.dataset.ready = spoken();
