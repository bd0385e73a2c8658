// What pages cannot do without a script: sending forms to the API, uploads with progress, and
// entries that draw themselves again when they change.
"use strict";

const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";

async function callApi(method, path, body) {
  const options = { method, headers: { "X-CSRF-Token": csrf } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The school cannot be reached. Try again in a moment.");
  }
  if (response.status === 401) location.reload();
  const answer = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? "That did not work.");
  return answer;
}

function fieldsOf(form) {
  const fields = {};
  for (const input of form.elements) {
    if (!input.name) continue;
    if (input.type === "checkbox") fields[input.name] = input.checked;
    else fields[input.name] = input.dataset.type === "bool" ? input.value === "true" : input.value;
  }
  return fields;
}

function say(form, text, isBad) {
  let line = form.querySelector(".said");
  if (!line) {
    line = document.createElement("p");
    line.setAttribute("role", "status");
    form.append(line);
  }
  line.className = isBad ? "said bad" : "said";
  line.textContent = text;
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-api]");
  if (!form) return;
  event.preventDefault();
  const [method, path] = form.dataset.api.split(" ");
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await callApi(method, path, method === "DELETE" ? undefined : fieldsOf(form));
    if (form.dataset.then) location.assign(form.dataset.then);
    else if (!("stay" in form.dataset)) location.reload();
    else if (form.dataset.said) say(form, form.dataset.said, false);
    const card = form.closest("[data-entry]");
    if (card) redraw(card);
  } catch (error) {
    say(form, error.message, true);
  } finally {
    button.disabled = false;
  }
});

// Uploads go to the bucket directly, with a permit of this site.
function put(permit, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", permit.upload_url);
    request.setRequestHeader("Content-Type", file.type);
    request.upload.onprogress = (event) => { progress.value = (100 * event.loaded) / event.total; };
    request.onload = () => (request.status === 200 ? resolve() : reject(new Error("The upload was refused.")));
    request.onerror = () => reject(new Error("The upload broke off. Try again."));
    request.send(file);
  });
}

async function upload(form, file) {
  const status = form.querySelector(".upload-status");
  const progress = form.querySelector("progress");
  const tell = (text, isBad) => {
    status.textContent = text;
    status.classList.toggle("bad", Boolean(isBad));
  };
  if (file.size > Number(form.dataset.bytesMax)) return tell("That file has more than 15 MB.", true);
  try {
    progress.hidden = false;
    progress.value = 0;
    tell(`Uploading ${file.name}…`);
    const permit = await callApi("POST", form.dataset.upload, { content_type: file.type, content_length: file.size });
    await put(permit, file, progress);
    // What becomes of it is the card's to tell: it is drawn anew when the copy is ready.
    tell("");
    await callApi("POST", `${form.dataset.upload}/uploaded`, { key: permit.key });
    document.querySelectorAll("[data-card]").forEach(redraw);
  } catch (error) {
    tell(error.message, true);
  } finally {
    progress.hidden = true;
    form.reset();
  }
}

for (const form of document.querySelectorAll("form[data-upload]")) {
  const drop = form.querySelector(".drop");
  const input = form.querySelector("input[type=file]");
  input.addEventListener("change", () => input.files[0] && upload(form, input.files[0]));
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) upload(form, event.dataTransfer.files[0]);
    });
  }
}

async function fetchCard(address) {
  const response = await fetch(address);
  if (!response.ok) return null;
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  return holder.content.firstElementChild;
}

// Changes may overtake each other; the latest drawing asked for wins.
const drawings = new WeakMap();
async function redraw(card) {
  const number = (drawings.get(card) ?? 0) + 1;
  drawings.set(card, number);
  const fresh = await fetchCard(card.dataset.card);
  if (!fresh || !card.isConnected || drawings.get(card) !== number) return;
  // What a search left out stays out when it changes.
  fresh.hidden = card.hidden;
  card.replaceWith(fresh);
}

const live = document.querySelector("[data-events]");
if (live) {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("entry", async (event) => {
    const change = JSON.parse(event.data);
    const cards = document.querySelectorAll(`[data-entry="${change.student}"]`);
    cards.forEach(redraw);
    // The editors' queue takes in what became ready.
    if (cards.length === 0 && live.dataset.queue && change.state === live.dataset.queue) {
      const year = live.dataset.events.split("/")[4];
      const card = await fetchCard(`/yearbook/${year}/${change.student}/card?as=review`);
      if (card && !document.querySelector(`[data-entry="${change.student}"]`)) live.append(card);
      const empty = live.nextElementSibling;
      if (empty?.classList.contains("empty")) empty.hidden = true;
    }
  });
  addEventListener("pagehide", () => source.close());
}

for (const input of document.querySelectorAll("input[data-filters]")) {
  // Letters that do not come apart into a plain one and a mark.
  const letters = { ı: "i", ł: "l", ø: "o", đ: "d", ß: "ss", æ: "ae" };
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/[ıłøđßæ]/g, (letter) => letters[letter]);
  input.addEventListener("input", () => {
    const wanted = plain(input.value.trim());
    let count = 0;
    for (const card of document.querySelectorAll(`${input.dataset.filters} > [data-name]`)) {
      card.hidden = !plain(card.dataset.name).includes(wanted);
      if (!card.hidden) count += 1;
    }
    const nothing = document.querySelector("[data-nothing]");
    if (nothing) nothing.hidden = count > 0;
  });
}
