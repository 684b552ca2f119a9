// The JSON API. Every failure is one kind of error, with a code and a sentence to show.

let language = "";

export const setLanguage = (tag) => {
  language = tag;
};

export class Failure extends Error {
  constructor(code, message, retryable = false) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

/** The connection failed: nobody said why, so the page finds its own words. */
export const OFFLINE = "offline";

/** An address of ours with the visitor's language. */
export const inLanguage = (path) => (language ? `${path}${path.includes("?") ? "&" : "?"}language=${language}` : path);

export async function getJson(path) {
  return read(await ask(path));
}

/** POST a small form; `fields` is an object. */
export async function post(path, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return read(await ask(path, { method: "POST", body }));
}

/** DELETE: the job's JSON when it was cancelled, null when it is gone. */
export async function remove(path) {
  const answer = await ask(path, { method: "DELETE" });
  return answer.status === 204 ? null : read(answer);
}

/** POST a large form; `onprogress` hears 0..1. fetch() can't tell how far an upload is. */
export function upload(path, form, onprogress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", inLanguage(path));
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onprogress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 400) resolve(request.response);
      else reject(failure(request.status, request.response));
    };
    request.onerror = () => reject(new Failure(OFFLINE, "", true));
    request.send(form);
  });
}

async function ask(path, options = {}) {
  try {
    return await fetch(inLanguage(path), { cache: "no-store", ...options });
  } catch {
    throw new Failure(OFFLINE, "", true);
  }
}

async function read(answer) {
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw failure(answer.status, body);
  return body;
}

function failure(status, body) {
  return new Failure(body?.code ?? OFFLINE, body?.message ?? "", status >= 500 || status === 429 || !body);
}
