// How many pictures are left today; highlighted when they are few.
import { getJson } from "./api.js";
import { at } from "./element.js";
import { duration, t } from "./texts.js";

const FEW = 3;

export async function showQuota() {
  /** @type {Quota | null} */
  const quota = await getJson("/api/quota").catch(() => null); // not worth an error message
  if (!quota) return;
  const { left, limit } = quota;
  const time = duration(Math.max(0, quota.resets_at - Date.now() / 1000));
  const element = at("quota");
  element.textContent = left ? t("{n} left today", { n: left }) : t("New ones in {time}", { time });
  element.title = t("{left} of {limit} pictures left today. You get new ones in {time}.", { left, limit, time });
  element.classList.toggle("few", left <= FEW);
}
