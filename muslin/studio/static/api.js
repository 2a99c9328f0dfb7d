// @ts-check
/** Requests to the studio; an answer that is no success becomes an error with its sentence. */

/** @param {Response} answer */
async function checked(answer) {
  if (answer.ok) return answer;
  const text = await answer.text();
  let sentence = text;
  try { sentence = JSON.parse(text).error ?? text; } catch { /* it was plain text */ }
  throw new Error(sentence || `the studio answered ${answer.status}`);
}

/** @param {string} path */
export const getJson = async (path) => (await checked(await fetch(path))).json();

/** @param {string} path */
export const getBytes = async (path) => (await checked(await fetch(path))).arrayBuffer();

/** @param {string} path @param {object} content */
export async function post(path, content = {}) {
  const body = JSON.stringify(content);
  const headers = { "Content-Type": "application/json" };
  return (await checked(await fetch(path, { method: "POST", headers, body }))).json();
}

/** @param {File} file */
export async function upload(file) {
  const headers = { "Content-Type": "application/octet-stream" };
  const path = `/api/uploads?label=${encodeURIComponent(file.name)}`;
  return (await checked(await fetch(path, { method: "POST", headers, body: file }))).json();
}

/** @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
