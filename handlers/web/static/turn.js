// One turn of the conversation: the request on the right, its card on the left.
import { actionsFor, edgeFor } from "./actions.js";
import { announce } from "./announce.js";
import { find, h, icon } from "./element.js";
import { Frame } from "./frame.js";
import { preview } from "./photos.js";
import { moment, t } from "./texts.js";
import { distance, lookOf, spokenStatus, status } from "./words.js";

/**
 * Whether a change is worth announcing.
 * @param {View} before
 * @param {View} now
 */
function isNews(before, now) {
  if (before.state === "uploading" || now.state === "delivered") return false;
  return before.state !== now.state || before.place !== now.place;
}

export class Turn {
  /**
   * @param {Actions} does what the buttons do
   * @param {{photo?: Picture | null, reference?: Picture | null}} [pictures] while this page has them itself
   */
  constructor(does, { photo = null, reference = null } = {}) {
    /** @type {View | undefined} as it was shown last */
    this.view = undefined;
    this.does = does;
    this.photo = photo;
    this.reference = reference;
    this.frame = new Frame();
    this.request = h("div", { class: "request" });
    this.title = h("h2", { tabIndex: -1 });
    this.state = h("p", { class: "state" });
    this.actions = h("div", { class: "actions" });
    this.edge = h("div", { class: "edge" });
    const words = h("div", { class: "words" }, this.title, this.state);
    this.caption = h("div", { class: "caption" }, words, this.edge, this.actions);
    this.card = h("article", { class: "card" }, this.frame.element, this.caption);
    this.element = h("li", { class: "turn" }, this.request, this.card);
  }

  /**
   * @param {View} view
   * @param {{redraw?: boolean}} [options]
   */
  show(view, { redraw = false } = {}) {
    const before = this.view;
    this.view = view;
    this.title.textContent = lookOf(view);
    this.state.textContent = status(view);
    this.progress(view);
    this.card.classList.toggle("failed", view.state === "failed");
    this.frame.element.hidden = view.ended && !view.result_url;
    this.card.classList.toggle("bare", this.frame.element.hidden);
    this.frame.element.classList.toggle("far", Boolean(view.far) || distance(view) > 1);
    this.frame.show(view, this.picture(view)?.url ?? null);
    if (redraw || before?.state !== view.state || before?.id !== view.id) this.drawButtons(view);
    if (redraw || before?.photo_url !== view.photo_url || !before) this.drawRequest(view);
    if (before && isNews(before, view)) announce(spokenStatus(view));
  }

  /**
   * For screen readers: the progress.
   * @param {View} view
   */
  progress(view) {
    const frame = this.frame.element;
    const active = view.state === "running" || view.state === "uploading";
    const percent = Math.round((view.progress ?? 0) * 100);
    const said = { role: "progressbar", "aria-label": lookOf(view), "aria-valuenow": String(percent) };
    for (const [name, value] of Object.entries(said)) {
      if (active) frame.setAttribute(name, value);
      else frame.removeAttribute(name);
    }
  }

  /**
   * @param {View} view
   * @returns {Picture | null}
   */
  picture(view) {
    if (this.photo) return this.photo;
    return view.photo_url ? { url: view.photo_url } : null;
  }

  /** @param {View} view */
  drawRequest(view) {
    const alt = t("Your photo");
    const photo = this.picture(view);
    const thumbs = [photo ? preview(photo, alt) : h("span", { class: "blank" }, icon("picture"))];
    if (this.reference) thumbs.push(preview(this.reference, t("The picture whose style you like")));
    const when = h("time", { dateTime: new Date(view.created * 1000).toISOString() }, moment(view.created));
    this.request.replaceChildren(h("div", { class: "pair" }, thumbs), h("p", {}, lookOf(view), when));
  }

  /**
   * New buttons for a new state; the focus stays close by.
   * @param {View} view
   */
  drawButtons(view) {
    const held = this.caption.contains(document.activeElement) && document.activeElement !== this.title;
    this.card.querySelector(".elsewhere")?.remove();
    this.actions.replaceChildren(...actionsFor(view, this.does));
    const edge = edgeFor(view, this.does);
    this.edge.replaceChildren(...(edge ? [edge] : []));
    if (held) (find(this.actions, "a, button") ?? this.title).focus();
  }
}
