// Puts the parts together.
import { drawAppearance } from "./appearance.js";
import { drawComposer, openComposer } from "./composer.js";
import { at } from "./element.js";
import { showExample } from "./example.js";
import { openJobs, refresh } from "./jobs.js";
import { chosen, fold } from "./looks.js";
import { choose, other, speak, spoken } from "./texts.js";
import { submit } from "./uploads.js";

/** Draw the switch: it offers the other language, in that language. */
function drawLanguage() {
  const [tag, name] = other();
  at("language").textContent = name;
  at("language").lang = tag;
  at("language").onclick = async () => {
    await choose(tag);
    drawLanguage();
    drawAppearance();
    await drawComposer();
    showExample(chosen() ?? undefined);
    await refresh({ redraw: true });
  };
}

addEventListener("resize", fold);
await speak();
drawLanguage();
drawAppearance();
await openComposer({ onrequest: submit, onlook: (look) => showExample(look) });
showExample();
await openJobs();
document.documentElement.dataset.ready = spoken();
