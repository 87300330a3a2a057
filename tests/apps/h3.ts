/** An application on h3, which makes its responses of whatever a handler returns. */

import {
  basicAuth,
  createEventStream,
  deleteCookie,
  getQuery,
  getRouterParams,
  H3,
  handleCors,
  html,
  HTTPError,
  iterable,
  noContent,
  onError,
  onResponse,
  parseCookies,
  readBody,
  readFormData,
  readValidatedBody,
  redirect,
  setCookie,
} from "h3";

const app = new H3();

app.use("/private/**", basicAuth({ username: "ada", password: "lovelace" }));
app.use("/cors/**", (event) => {
  const answer = handleCors(event, { origin: ["https://app.example"], methods: ["GET", "PUT"], allowHeaders: ["X-A"] });
  return answer === false ? undefined : answer;
});
app.use(onResponse((response, event) => {
  if (event.url.pathname.startsWith("/marked")) response.headers.set("X-Mark", String(response.status));
}));
app.use(onError((error, event) => {
  return event.url.pathname === "/fails/handled" ? { handled: error.status } : undefined;
}));

app.get("/", () => "Hello");
app.get("/users/:name/:id", (event) => getRouterParams(event));
app.get("/query", (event) => getQuery(event));
app.get("/html", () => html`<h1>${"Grüße"}</h1>`);
app.get("/nothing", () => noContent());
app.get("/redirect", () => redirect("/users/ada/1", 303));
app.get("/number", () => 42);
app.get("/bytes", () => new Uint8Array([0, 1, 10]));
app.get("/blob", () => new Blob(["a blob"], { type: "text/x-blob" }));
app.get("/response", () => new Response("a response", { status: 202, headers: { "X-Own": "yes" } }));
app.get("/iterable", () =>
  iterable((async function* () {
    for (const word of ["one ", "two ", "three"]) yield await Promise.resolve(word);
  })()));
app.get("/events", (event) => {
  const events = createEventStream(event);
  void (async () => {
    for (const data of ["one", "two"]) await events.push({ event: "tick", data });
    await events.close();
  })();
  return events.send();
});
app.get("/private/data", () => "secret");
app.get("/cors/data", () => ({ ok: true }));
app.get("/marked/here", (event) => {
  event.res.status = 201;
  event.res.headers.append("Set-Cookie", "a=1");
  event.res.headers.append("Set-Cookie", "b=2");
  return "marked";
});
app.get("/cookie", (event) => {
  setCookie(event, "seen", "yes", { path: "/" });
  deleteCookie(event, "old");
  return { ...parseCookies(event) };
});
app.post("/echo/body", async (event) => ({ got: await readBody(event) }));
app.post("/echo/text", async (event) => await event.req.text());
app.post("/echo/stream", (event) => event.req.body);
app.post("/form", async (event) => {
  const form = await readFormData(event);
  const file = form.get("file");
  return { name: form.get("name"), file: file instanceof File ? [file.name, file.type, await file.text()] : file };
});
app.post("/order", async (event) => {
  const isOrder = (body: unknown) => typeof body === "object" && body !== null && "amount" in body;
  return await readValidatedBody(event, isOrder);
});
app.get("/fails/error", () => {
  throw new Error("secret");
});
app.get("/fails/status", () => {
  throw new HTTPError({ status: 418, message: "I'm a teapot", data: { brew: false } });
});
app.get("/fails/handled", () => {
  throw new HTTPError({ status: 409 });
});

export default app;
