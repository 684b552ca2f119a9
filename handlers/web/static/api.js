// The JSON API. Every failure is a `Failure`, with a code and a sentence to show.

let language = "";

/** @param {string} tag */
export const setLanguage = (tag) => {
  language = tag;
};

export class Failure extends Error {
  /**
   * @param {string} code
   * @param {string} message for people
   * @param {boolean} [retryable] whether the same again may work
   */
  constructor(code, message, retryable = false) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** The code of a failed connection; there is no sentence from the server, so the page has its own. */
export const OFFLINE = "offline";

/**
 * A path with the visitor's language added.
 * @param {string} path
 */
export const inLanguage = (path) => (language ? `${path}${path.includes("?") ? "&" : "?"}language=${language}` : path);

/**
 * GET.
 * @param {string} path
 * @returns {Promise<any>} the JSON
 */
export async function getJson(path) {
  return read(await ask(path));
}

/**
 * POST a small form.
 * @param {string} path
 * @param {Record<string, string>} fields
 * @returns {Promise<any>} the JSON
 */
export async function post(path, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return read(await ask(path, { method: "POST", body }));
}

/**
 * DELETE: the job when it was cancelled, null when it is gone.
 * @param {string} path
 * @returns {Promise<Job | null>}
 */
export async function remove(path) {
  const answer = await ask(path, { method: "DELETE" });
  return answer.status === 204 ? null : read(answer);
}

/**
 * POST a large form; `onprogress` is given 0..1. fetch() can't tell how far an upload is.
 * @param {string} path
 * @param {FormData} form
 * @param {(share: number) => void} onprogress
 * @returns {Promise<Job>}
 */
export function upload(path, form, onprogress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", inLanguage(path));
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onprogress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status < 400) resolve(request.response);
      else reject(failure(request.status, request.response));
    };
    request.onerror = () => reject(new Failure(OFFLINE, "", true));
    request.send(form);
  });
}

/**
 * @param {string} path
 * @param {RequestInit} options
 */
async function ask(path, options = {}) {
  try {
    return await fetch(inLanguage(path), { cache: "no-store", ...options });
  } catch {
    throw new Failure(OFFLINE, "", true);
  }
}

/** @param {Response} answer */
async function read(answer) {
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw failure(answer.status, body);
  return body;
}

/**
 * @param {number} status
 * @param {{code?: string, message?: string} | null} body
 */
function failure(status, body) {
  return new Failure(body?.code ?? OFFLINE, body?.message ?? "", status >= 500 || status === 429 || !body);
}
