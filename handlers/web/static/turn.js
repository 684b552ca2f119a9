// One turn of the conversation: the wish on the right, its card on the left.
import { actionsFor, edgeFor } from "./actions.js";
import { announce } from "./announce.js";
import { h, icon } from "./element.js";
import { Frame } from "./frame.js";
import { preview } from "./photos.js";
import { moment, t } from "./texts.js";
import { lookOf, spokenStatus, status } from "./words.js";

/** Whether a change is worth saying aloud. */
function isNews(before, now) {
  if (before.state === "uploading" || now.state === "delivered") return false;
  return before.state !== now.state || before.place !== now.place;
}

export class Turn {
  /** `does`: what the buttons do. `photo`, `reference`: { url, file } while this page has them itself. */
  constructor(does, { photo = null, reference = null } = {}) {
    this.does = does;
    this.photo = photo;
    this.reference = reference;
    this.frame = new Frame();
    this.wish = h("div", { class: "wish" });
    this.title = h("h2", { tabIndex: -1 });
    this.state = h("p", { class: "state" });
    this.actions = h("div", { class: "actions" });
    this.edge = h("div", { class: "edge" });
    const words = h("div", { class: "words" }, this.title, this.state);
    this.placard = h("div", { class: "placard" }, words, this.edge, this.actions);
    this.card = h("article", { class: "card" }, this.frame.element, this.placard);
    this.element = h("li", { class: "turn" }, this.wish, this.card);
  }

  show(view, { redraw = false } = {}) {
    const before = this.view;
    this.view = view;
    this.title.textContent = lookOf(view);
    this.state.textContent = status(view);
    this.progress();
    this.card.classList.toggle("failed", view.state === "failed");
    this.frame.element.hidden = view.ended && !view.result_url;
    this.card.classList.toggle("bare", this.frame.element.hidden);
    this.frame.element.classList.toggle("far", Boolean(view.far) || view.place > 1);
    this.frame.show(view, this.picture()?.url ?? null);
    if (redraw || before?.state !== view.state || before?.id !== view.id) this.drawButtons();
    if (redraw || before?.photo_url !== view.photo_url || !before) this.drawWish();
    if (before && isNews(before, view)) announce(spokenStatus(view));
  }

  /** For screen readers: how far the painting is. */
  progress() {
    const frame = this.frame.element;
    const active = this.view.state === "running" || this.view.state === "uploading";
    const percent = Math.round((this.view.progress ?? 0) * 100);
    const said = { role: "progressbar", "aria-label": lookOf(this.view), "aria-valuenow": percent };
    for (const [name, value] of Object.entries(said)) {
      if (active) frame.setAttribute(name, value);
      else frame.removeAttribute(name);
    }
  }

  picture() {
    if (this.photo) return this.photo;
    return this.view.photo_url ? { url: this.view.photo_url } : null;
  }

  drawWish() {
    const alt = t("Your photo");
    const photo = this.picture();
    const thumbs = [photo ? preview(photo, alt) : h("span", { class: "blank" }, icon("picture"))];
    if (this.reference) thumbs.push(preview(this.reference, t("The picture whose style you like")));
    const when = h("time", { dateTime: new Date(this.view.created * 1000).toISOString() }, moment(this.view.created));
    this.wish.replaceChildren(h("div", { class: "pair" }, thumbs), h("p", {}, lookOf(this.view), when));
  }

  /** New buttons for a new state; who had the focus keeps a place close by. */
  drawButtons() {
    const held = this.placard.contains(document.activeElement) && document.activeElement !== this.title;
    this.card.querySelector(".elsewhere")?.remove();
    this.actions.replaceChildren(...actionsFor(this.view, this.does));
    this.edge.replaceChildren(...[edgeFor(this.view, this.does)].filter(Boolean));
    if (held) (this.actions.querySelector("a, button") ?? this.title).focus();
  }
}
