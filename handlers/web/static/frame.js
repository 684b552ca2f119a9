// The picture of a job over time: grey while waiting, revealed from the left while painting, then comparable.
import { canvas, comparable, split } from "./compare.js";
import { h, icon } from "./element.js";
import { t } from "./texts.js";
import { enlarge } from "./viewer.js";
import { lookOf } from "./words.js";

const REST = 0; // percent: the whole picture first, the line at its edge

/** @type {Partial<Record<View["state"], string>>} */
const STAGES = {
  uploading: "waiting",
  queued: "waiting",
  submitting: "painting",
  running: "painting",
  fetching: "painting",
  failed: "ended",
  canceled: "ended",
};

export class Frame {
  constructor() {
    /** @type {View | undefined} the job as it was shown last */
    this.view = undefined;
    /** @type {string | null} the address of the original, if there still is one */
    this.photo = null;
    /** @type {number | undefined} the job whose result is in the frame */
    this.shown = undefined;
    this.parts = canvas();
    this.element = h("div", { class: "frame" }, this.parts.element);
  }

  /**
   * Show a job; `photo` is the address of the original, if there still is one.
   * @param {View} view
   * @param {string | null} photo
   */
  show(view, photo) {
    this.view = view;
    this.photo = photo;
    if (photo && this.parts.over.src === "") this.place(photo);
    if (view.result_url) return this.finish(view, view.result_url);
    this.element.dataset.stage = STAGES[view.state] ?? "waiting";
    this.element.classList.toggle("unknown", this.element.dataset.stage === "painting" && view.progress === null);
    split(this.parts.element, this.element.dataset.stage === "painting" ? (view.progress ?? 0) * 100 : 0);
    return undefined;
  }

  /** @param {string} photo */
  place(photo) {
    const { over, under } = this.parts;
    over.onload = () => this.ratio(over.naturalWidth, over.naturalHeight);
    over.src = under.src = photo;
  }

  /**
   * @param {number | null | undefined} width
   * @param {number | null | undefined} height
   */
  ratio(width, height) {
    if (width && height) this.element.style.setProperty("--ratio", (width / height).toFixed(4));
  }

  /**
   * @param {View} view
   * @param {string} result the address of the result
   */
  async finish(view, result) {
    const { photo } = this;
    const alt = t("Your portrait: {style}", { style: lookOf(view) });
    this.parts.under.alt = alt;
    if (this.shown === view.id) return this.comparison();
    this.shown = view.id;
    this.ratio(view.width, view.height);
    const picture = new Image();
    picture.src = result;
    await picture.decode().catch(() => null); // swapped when decoded, so that nothing flickers
    this.parts.under.src = result;
    this.element.dataset.stage = "done";
    this.element.classList.remove("unknown");
    if (!photo) this.parts.over.remove();
    return this.comparison();
  }

  comparison() {
    const { element } = this.parts;
    if (this.photo) comparable(element, REST);
    this.element.querySelector(".corner")?.remove();
    const open = () => this.view && enlarge(this.view, this.photo);
    const props = { type: "button", class: "button round corner", "aria-label": t("Enlarge"), onclick: open };
    this.element.append(h("button", props, icon("enlarge")));
  }
}
