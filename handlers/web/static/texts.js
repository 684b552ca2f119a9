// The page's texts, in the visitor's language. The keys are the English sentences.
import { getJson, setLanguage } from "./api.js";
import { remember, remembered } from "./memory.js";

/** @type {[tag: string, name: string]} */
const CHINESE = /^zh-(hant|tw|hk|mo)/i.test(navigator.language) ? ["zh-Hant", "繁體中文"] : ["zh", "中文"];

let language = document.documentElement.lang;
/** @type {Record<string, string>} by the English */
let sentences = {};

/**
 * The sentence in the visitor's language, with `{names}` filled in.
 * @param {string} english
 * @param {Record<string, string | number>} [values]
 */
export function t(english, values = {}) {
  const sentence = sentences[english] ?? english;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const spoken = () => language;
/** @type {() => [tag: string, name: string]} */
export const other = () => (language === "en" ? CHINESE : ["en", "English"]);

/**
 * Load the texts of a language, by default that of the page, and put them on the page.
 * @param {string} [wanted]
 */
export async function speak(wanted = remembered("language") ?? language) {
  setLanguage(wanted);
  const answer = await getJson("/api/texts");
  language = answer.language;
  sentences = answer.texts;
  document.documentElement.lang = language;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-t]"))) {
    element.dataset.t ||= element.textContent ?? "";
    element.textContent = t(element.dataset.t);
  }
  for (const name of ["aria-label", "content"]) {
    for (const element of document.querySelectorAll(`[data-t-${name}]`)) {
      element.setAttribute(name, t(element.getAttribute(`data-t-${name}`) ?? ""));
    }
  }
}

/**
 * The same, remembered for the next visit.
 * @param {string} wanted
 */
export async function choose(wanted) {
  remember("language", wanted);
  await speak(wanted);
}

/** @type {[unit: string, seconds: number][]} */
const UNITS = [["hour", 3600], ["minute", 60], ["second", 1]];

/**
 * "45 seconds", "2 minutes", "3 小时": deliberately rough.
 * @param {number} seconds
 */
export function duration(seconds) {
  const rounded = Math.max(5, Math.round(seconds / 5) * 5);
  const [unit, length] = UNITS.find(([, size]) => rounded >= size) ?? ["second", 1];
  const format = new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "long" });
  return format.format(Math.round(rounded / length));
}

/**
 * "1 to 2 minutes"; one duration if both are the same. In whole steps of the unit that `most` is shown in.
 * @param {number} least
 * @param {number} most
 */
export function durationRange(least, most) {
  const time = duration(most);
  if (least === most) return time;
  const [, length] = UNITS.find(([, size]) => most >= size) ?? ["second", 1];
  return t("{least} to {most}", { least: Math.round(least / length), most: time });
}

/**
 * A time of day, with the date when it isn't today.
 * @param {number} epoch
 */
export function moment(epoch) {
  const when = new Date(epoch * 1000);
  const today = when.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const date = today ? {} : { dateStyle: "medium" };
  return new Intl.DateTimeFormat(language, { ...date, timeStyle: "short" }).format(when);
}
