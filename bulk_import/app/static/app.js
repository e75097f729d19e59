// What every page needs: forms that are sent without leaving the page, uploads, texts.
const texts = JSON.parse(document.body.dataset.texts);

export function t(text, values = {}) {
  return (texts[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function number(value) {
  return Number(value).toLocaleString(document.documentElement.lang);
}

export function tell(text) {
  document.getElementById("status").textContent = text;
}

export function complain(text) {
  document.getElementById("message").textContent = text;
  if (text) document.getElementById("message").scrollIntoView({ block: "nearest" });
}

// Sends a form; returns what came back: {html} for a part of the page, else what the server said.
export async function post(url, fields) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields), redirect: "error" });
  const isText = (response.headers.get("Content-Type") ?? "").includes("html");
  const answer = isText ? { html: await response.text() } : await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `${response.status}`);
  return answer;
}

export function follow(answer) {
  if (answer.url) location.assign(answer.url);
  else if (answer.reload) location.reload();
}

// Replaces a part of the page; open details and the focus stay where they were. A control that is gone
// (a proposal that was taken) leaves the focus to the next one of its entry in the list.
function swap(target, html) {
  const open = new Set([...target.querySelectorAll("details[open][id]")].map((one) => one.id));
  const focused = document.activeElement?.id;
  const entries = (within) => [...within.querySelectorAll("ul.columns > li")];
  const at = entries(target).findIndex((entry) => entry.contains(document.activeElement));
  const scroll = window.scrollY;
  target.innerHTML = html;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  target.dispatchEvent(new CustomEvent("swapped", { bubbles: true }));
  const next = (focused && document.getElementById(focused)) || entries(target)[at]?.querySelector("input:not([type=hidden]), button, select:not([hidden])");
  next?.focus({ preventScroll: true });
  window.scrollTo({ top: scroll, behavior: "instant" });
}

async function submit(form, submitter) {
  const fields = new FormData(form, submitter);
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return;
  const buttons = [...form.querySelectorAll("button")];
  buttons.forEach((button) => button.setAttribute("aria-busy", "true"));
  try {
    const answer = await post(form.action, fields);
    complain("");
    if (form.dataset.swap && answer.html !== undefined) {
      swap(document.querySelector(form.dataset.swap), answer.html);
      tell(t("Saved"));
    }
    follow(answer);
  } catch (error) {
    complain(error.message);
  } finally {
    buttons.forEach((button) => button.removeAttribute("aria-busy"));
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-post], [data-swap]")) return;
  event.preventDefault();
  submit(form, event.submitter ?? undefined);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-auto]")) event.target.form.requestSubmit();
});

// Sends a file as it is; calls *progress* with a share of 1.
export function upload(url, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => progress(event.loaded / Math.max(1, event.total)));
    request.addEventListener("load", () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* no answer of ours */ }
      if (request.status === 200) resolve(answer);
      else reject(new Error(answer.error ?? `${request.status}`));
    });
    request.addEventListener("error", () => reject(new Error(t("The upload was cut off"))));
    request.send(file);
  });
}

// Lets files be dropped on *zone* or chosen in it.
export function receive(zone, take) {
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  const input = zone.querySelector("input[type=file]");
  input.addEventListener("change", () => { take([...input.files]); input.value = ""; });
}

// A file that is sent as soon as it is chosen.
document.addEventListener("change", async (event) => {
  const input = event.target;
  if (!input.matches("input[type=file][data-send]") || !input.files.length) return;
  complain("");
  try {
    const [file] = input.files;
    follow(await upload(input.dataset.send, file, (share) => tell(t("Uploading {name}: {percent}", { name: file.name, percent: `${Math.round(100 * share)} %` }))));
  } catch (error) {
    complain(error.message);
  } finally {
    input.value = "";
  }
});

const zone = document.getElementById("drop");
if (zone) {
  const bar = zone.querySelector("progress");
  receive(zone, async ([file]) => {
    if (!file) return;
    bar.hidden = false;
    complain("");
    try {
      const answer = await upload(zone.dataset.upload, file, (share) => {
        bar.value = share;
        tell(share < 1 ? t("Uploading {name}: {percent}", { name: file.name, percent: `${Math.round(100 * share)} %` }) : t("Reading the spreadsheet …"));
      });
      follow(answer);
    } catch (error) {
      bar.hidden = true;
      complain(error.message);
    }
  });
}

// While rows are judged: how many so far, and the page again when it is done.
const waiting = document.querySelector("[data-judging]");
if (waiting) {
  const look = async () => {
    try {
      const state = await (await fetch(waiting.dataset.judging)).json();
      document.getElementById("judged").textContent = number(state.rows);
      if (state.done) { location.reload(); return; }
    } catch { /* the next look may succeed */ }
    setTimeout(look, 400);
  };
  look();
}
