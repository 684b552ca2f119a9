// How many pictures are left today: said softly, louder when they are few.
import { getJson } from "./api.js";
import { at } from "./element.js";
import { duration, t } from "./texts.js";

const FEW = 3;

export async function showQuota() {
  const quota = await getJson("/api/quota");
  const seconds = Math.max(0, quota.resets_at - Date.now() / 1000);
  const element = at("quota");
  element.textContent = quota.left ? t("{n} left today", { n: quota.left }) : t("New ones in {time}", { time: duration(seconds) });
  element.title = t("{left} of {limit} pictures left today. There are new ones in {time}.", { left: quota.left, limit: quota.limit, time: duration(seconds) });
  element.classList.toggle("few", quota.left <= FEW);
}
