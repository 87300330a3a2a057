// The sample site works without this file. It adds three small things.
"use strict";

// 1. The commands name the server you are really talking to, and can be copied.
for (const box of document.querySelectorAll(".cmd")) {
  const code = box.querySelector("pre code");
  code.textContent = code.textContent.replaceAll("http://127.0.0.1:8080", location.origin);
  if (!navigator.clipboard) continue; // browsers offer it on https and on this machine only
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying was not allowed";
    }
  });
  box.append(button);
}

// 2. On the page about requests: the query that the redirect kept.
const from = document.querySelector("#from");
if (from && new URLSearchParams(location.search).has("from")) {
  from.lastElementChild.textContent = location.search;
  from.hidden = false;
}

// 3. On the first page: what the server says about a file.
const live = document.querySelector("#live");
if (live) start(live).catch(() => live.hidden = true);

async function start(live) {
  const answer = live.querySelector(".answer");
  const form = live.querySelector("form");
  const site = await (await fetch("/data/site.json")).json();
  for (const { path } of site.paths) form.path.add(new Option(decodeURI(path), path));
  form.path.value = "/data/site.json";

  async function ask() {
    const path = form.path.value;
    const got = await fetch(path, { method: "HEAD", redirect: "follow", cache: "no-store" });
    await got.text(); // empty
    const line = document.createElement("p");
    line.textContent = `${got.status} ${got.statusText}`;
    if (got.redirected) {
      const url = new URL(got.url);
      line.textContent += `, after a redirect to ${url.pathname}${url.search}`;
    }
    const fields = document.createElement("dl");
    for (const [name, value] of got.headers) {
      const row = document.createElement("div");
      const term = document.createElement("dt");
      const text = document.createElement("dd");
      term.textContent = name;
      text.textContent = value;
      row.append(term, text);
      fields.append(row);
    }
    answer.replaceChildren(line, fields);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask().catch(() => answer.textContent = "No answer came.");
  });
  await ask();
  live.hidden = false;
}
